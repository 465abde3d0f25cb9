/**
 * Boards of a snapshot: `board_daily.h5` from the reference table `board_daily` where there is one, else built from the
 * members of a reference table of links; `board_index.h5` and `board_member.h5` say who the members were.
 */
import { DataError } from "#data/errors";
import type { Frame, FrameColumn, FrameRows } from "#data/export/frame";
import { byText } from "#data/export/series-table";
import { openReference } from "#data/reference/reference-table";
import type { OpenedStore } from "#data/store/open-store";
import { isoOf, type Day } from "#market/day";
import { hasReference } from "#pipelines/refresh-reference";
import type { Workspace } from "#pipelines/workspace";
import type { DatasetFile, SnapshotDataset } from "../dataset.ts";
import type { SnapshotScope } from "../snapshot-source.ts";
import { StoreSnapshotSource } from "../store-snapshot-source.ts";
import { buildBoards, memberColumns, type BarColumnName, type BoardBars } from "./board-bars.ts";
import { MembersAsOf } from "./members-as-of.ts";
import { openTableFrame, tableColumns } from "./table-frame.ts";
import { writeDatasetFile } from "./write-dataset-file.ts";

const msPerDay = 86_400_000;
const boardTable = "board_daily";
/** Columns that name the board, likeliest first. */
const boardColumns = ["board", "concept_name", "industry", "name", "instrument"];
/** Of one batch. */
const batchRows = 16_384;

export interface BoardsOptions {
  /** Reference table of links between instruments and boards; `concepts` unless told. */
  readonly table?: string;
  /** Takes the first known members for the days before too: knowledge from the future, which meta.json then states. */
  readonly assumeStatic?: boolean;
}

interface Members {
  readonly members: MembersAsOf;
  readonly table: string;
  readonly column: string;
  readonly assumeStatic: boolean;
}

/** Throws DATA_FILE_MISSING (no table), DATA_DATE_INVALID (members not known on any of the days), DATA_FILE_EMPTY. */
export function boardsDataset(
  workspace: Workspace,
  store: OpenedStore,
  options: BoardsOptions = {},
): SnapshotDataset {
  return {
    name: "boards",
    async write(folder, scope, { spell, ...written }): Promise<readonly DatasetFile[]> {
      const hasBars = hasReference(workspace, boardTable);
      const table = options.table ?? "concepts";
      if (hasBars && !hasReference(workspace, table))
        return [await writeTable(workspace, folder, { scope, ...written })];
      const known = await membersOf(workspace, { table, assumeStatic: options.assumeStatic ?? false, scope });
      await using source = await StoreSnapshotSource.open(store);
      const { days, bars } = await builtBoards(source, known, scope, written.signal);
      const method = methodOf(known);
      const daily = hasBars
        ? await writeTable(workspace, folder, { scope, ...written })
        : await writeFile(
            folder,
            {
              file: "boards/board_daily.h5",
              description:
                "daily bars of boards: index points, volume in shares, amount in yuan, pct_chg in percent",
              method,
              frame: frameOfBars(bars, dailyColumns, `members of ${table}.${known.column}`),
            },
            written,
          );
      const index = await writeFile(
        folder,
        {
          file: "boards/board_index.h5",
          description: "boards of each day: how many members were known, and how many of them traded",
          method,
          frame: frameOfBars(bars, indexColumns, `${table}.${known.column}`),
        },
        written,
      );
      const member = await writeFile(
        folder,
        {
          file: "boards/board_member.h5",
          description:
            "membership from a day on: the key is board|instrument, member 1 from that day on, 0 no longer; first day: all there were",
          method: asOfWords(known),
          frame: memberFrame(known, days, spell),
        },
        written,
      );
      return [daily, index, member];
    },
  };
}

type Written = Parameters<typeof writeDatasetFile>[2];

async function writeFile(
  folder: string,
  about: Parameters<typeof writeDatasetFile>[1],
  written: Written,
): Promise<DatasetFile> {
  const { times: _, ...file } = await writeDatasetFile(folder, about, written);
  return file;
}

async function membersOf(
  workspace: Workspace,
  wanted: { readonly table: string; readonly assumeStatic: boolean; readonly scope: SnapshotScope },
): Promise<Members> {
  const { table, assumeStatic, scope } = wanted;
  const reference = openReference(workspace.root, table);
  const names = (await tableColumns(workspace, table)).map(({ name }) => name);
  const column = boardColumns.find((name) => name !== "instrument" && names.includes(name));
  if (column === undefined)
    throw new DataError(
      "DATA_COLUMN_MISSING",
      `the reference table "${table}" has no column that names a board`,
      {
        remedy: `name it one of ${boardColumns.slice(0, -1).join(", ")}`,
        place: { file: table },
      },
    );
  const { instruments } = scope;
  const members = new MembersAsOf(await reference.facts(column), {
    assumeStatic,
    ...(instruments === undefined ? {} : { instruments }),
  });
  const { end } = scope;
  if (!assumeStatic && end !== undefined && members.knownFrom >= end)
    throw new DataError(
      "DATA_DATE_INVALID",
      Number.isFinite(members.knownFrom)
        ? `the members of "${table}" are known from ${isoOf(members.knownFrom)} on only, the snapshot ends on ${isoOf(end)}`
        : `the reference table "${table}" names no member among these instruments`,
      {
        remedy: `import an older list, or take the first known one for the days before: boards:${table}:static`,
      },
    );
  return { members, table, column, assumeStatic };
}

/** Bars of the scope, and its sessions; the session before it gives the first returns. */
async function builtBoards(
  source: StoreSnapshotSource,
  { members }: Members,
  scope: SnapshotScope,
  signal?: AbortSignal,
): Promise<{ readonly days: readonly Day[]; readonly bars: BoardBars }> {
  const there = new Set(source.columns.map(({ name }) => name));
  const columns = memberColumns.filter((name) => there.has(name));
  const earlier = scope.start === undefined ? [] : await source.sessions({ end: scope.start - 1 });
  // A member that was suspended before the scope has its return from its last close, up to a year back.
  const warm = earlier.at(-250) ?? earlier[0];
  const { start: _, ...rest } = scope;
  const wide: SnapshotScope = warm === undefined ? scope : { ...rest, start: warm };
  const frame = await source.frame(wide, { columns, adjustment: { kind: "raw" } });
  const bars = await buildBoards(frame, members, {
    ...(scope.start === undefined ? {} : { start: scope.start }),
    ...(signal === undefined ? {} : { signal }),
  });
  if (bars.days.length === 0)
    throw new DataError("DATA_FILE_EMPTY", "no board has a member with a bar on these days", {
      remedy: "choose other days or instruments, or leave the boards out",
    });
  return { days: await source.sessions(scope), bars };
}

interface BarColumn {
  readonly of: BarColumnName;
  readonly name: string;
  readonly unit: string;
  readonly description: string;
}

const points = "points";
const dailyColumns: readonly BarColumn[] = [
  { of: "open", name: "open", unit: points, description: "level at the open" },
  {
    of: "high",
    name: "high",
    unit: points,
    description: "mean of the members' highs, which they need not reach together",
  },
  {
    of: "low",
    name: "low",
    unit: points,
    description: "mean of the members' lows, which they need not reach together",
  },
  { of: "close", name: "close", unit: points, description: "level at the close; 1000 before the first bar" },
  { of: "volume", name: "volume", unit: "shares", description: "volume of the members that traded" },
  {
    of: "amount",
    name: "amount",
    unit: "CNY",
    description: "amount of the members that traded; missing where one has none",
  },
  { of: "pct_chg", name: "pct_chg", unit: "percent", description: "mean return of the members that traded" },
];
const indexColumns: readonly BarColumn[] = [
  {
    of: "members",
    name: "idx_count",
    unit: "count",
    description: "members known the day before that have a row",
  },
  { of: "traded", name: "traded", unit: "count", description: "members that traded" },
];

function frameOfBars(bars: BoardBars, columns: readonly BarColumn[], lineage: string): Frame {
  async function* batches(): AsyncGenerator<FrameRows> {
    for (let from = 0; from < bars.days.length; from += batchRows) {
      const to = from + batchRows;
      yield {
        times: Float64Array.from(bars.days.subarray(from, to), (day) => day * msPerDay),
        keys: bars.board.subarray(from, to),
        values: columns.map((column) => bars.columns[column.of].subarray(from, to)),
      };
    }
  }
  const described = columns.map(({ name, unit, description }): FrameColumn => ({
    name,
    unit,
    description,
    dtype: "f64",
    lineage,
  }));
  return { levels: ["datetime", "board"], keys: bars.boards, columns: described, batches };
}

/** Who joined (1) and who left (0), on the first session from which it counts. */
function memberFrame(
  { members, table, column }: Members,
  days: readonly Day[],
  spell: (instrument: string) => string,
): Frame {
  const changes: { readonly day: Day; readonly member: string; readonly value: bigint }[] = [];
  let before = new Set<string>();
  let state = -1;
  for (const day of days) {
    const known = members.stateOn(day);
    if (known === state) continue;
    state = known;
    const now = new Set(
      [...members.on(day)].flatMap(([instrument, boards]) =>
        boards.map((board) => `${board}|${spell(instrument)}`),
      ),
    );
    const joined = [...now].filter((member) => !before.has(member));
    const left = [...before].filter((member) => !now.has(member));
    const some = [
      ...joined.map((member) => ({ day, member, value: 1n })),
      ...left.map((member) => ({ day, member, value: 0n })),
    ];
    changes.push(...some.sort((a, b) => byText(a.member, b.member)));
    before = now;
  }
  const keys = [...new Set(changes.map(({ member }) => member))].sort(byText);
  const placeOf = new Map(keys.map((key, place) => [key, place]));
  async function* batches(): AsyncGenerator<FrameRows> {
    for (let from = 0; from < changes.length; from += batchRows) {
      const some = changes.slice(from, from + batchRows);
      yield {
        times: Float64Array.from(some, ({ day }) => day * msPerDay),
        keys: Int32Array.from(some, ({ member }) => placeOf.get(member)!),
        values: [BigInt64Array.from(some, ({ value }) => value)],
      };
    }
  }
  const columns: FrameColumn[] = [
    {
      name: "member",
      dtype: "i64",
      unit: "flag",
      description: "1: a member from this day on; 0: no longer",
      lineage: `${table}.${column}`,
    },
  ];
  return { levels: ["datetime", "member"], keys, columns, batches };
}

/** The boards' own bars, as a table gives them; `pct_chg` from the closes where it does not. */
async function writeTable(
  workspace: Workspace,
  folder: string,
  { scope, ...written }: Written & { readonly scope: SnapshotScope },
): Promise<DatasetFile> {
  const columns = await tableColumns(workspace, boardTable);
  const names = new Set(columns.map(({ name }) => name));
  const keyColumn = boardColumns.find((name) => names.has(name));
  if (keyColumn === undefined || !names.has("close"))
    throw new DataError(
      "DATA_COLUMN_MISSING",
      `the reference table "${boardTable}" has no column ${names.has("close") ? "board" : "close"}`,
      {
        remedy: "give it a column board, its date, and open, high, low, close, volume, amount",
        place: { file: boardTable },
      },
    );
  const change = `(close / lag(close) OVER (PARTITION BY "${keyColumn}" ORDER BY valid_from) - 1) * 100`;
  const request = {
    table: boardTable,
    levels: ["datetime", "board"] as const,
    keyColumn,
    spell: (board: string) => board,
    describe: (name: string): FrameColumn => {
      const known = dailyColumns.find((column) => column.name === name);
      const words = {
        unit: known?.unit ?? "",
        description: known === undefined ? `${name}, as imported` : name,
      };
      return { name, dtype: "f64", ...words, lineage: `reference ${boardTable}.${name}` };
    },
    ...(names.has("pct_chg") ? {} : { derived: { pct_chg: change } }),
  };
  const { instruments: _, ...days } = scope;
  await using opened = await openTableFrame(workspace, request, days);
  return await writeFile(
    folder,
    {
      file: "boards/board_daily.h5",
      description: `daily bars of boards, from the reference table ${boardTable}`,
      frame: opened.frame,
    },
    written,
  );
}

function methodOf(members: Members): string {
  return `equal-weight: the return of a board is the mean of the returns of its members that traded, each from its own last close (adjusted for ex-days), chained from 1000; ${asOfWords(members)}`;
}

function asOfWords({ table, column, assumeStatic }: Members): string {
  const taken = assumeStatic
    ? "the first known members are taken for the days before too, which is knowledge from the future"
    : "a member counts from the day after it was known";
  return `members as of each day from the reference table ${table}, column ${column}; ${taken}`;
}
