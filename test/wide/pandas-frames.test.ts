/** Frames against real pandas, both ways: what it reads of ours, and what we read of its. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { FrameDtype } from "#data/export/frame";
import { appendFrame } from "#data/hdf5/append-frame";
import { openFrame } from "#data/hdf5/open-frame";
import { handmadeFrame, timeOf, type Handmade, type HandmadeRow } from "#data/hdf5/testing/handmade-frame";
import { writeFrame } from "#data/hdf5/write-frame";
import { SEED, randomOfRound } from "./testing/seeds.ts";
import { smallDisk } from "./testing/tmpfs.ts";

const folder = mkdtempSync(join(tmpdir(), "pandas-frames-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Real pandas of the system; a test fails where it is missing. */
function python(script: string, input: unknown): unknown {
  const head = "import json, sys, numpy as np, pandas as pd\nspec = json.load(sys.stdin)\n";
  const text = execFileSync("/usr/bin/python3", ["-W", "ignore", "-c", head + script], {
    input: JSON.stringify(input),
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  return JSON.parse(text.trim() === "" ? "null" : text) as unknown;
}

const build = `
kinds = {"f32": "float32", "f64": "float64", "i64": "int64"}
def build(spec):
    columns = spec["columns"]
    rows = spec["rows"]
    index = pd.MultiIndex.from_arrays(
        [pd.to_datetime([r[0] for r in rows], unit="ms"), pd.Index([r[1] for r in rows], dtype=object)],
        names=spec.get("levels", ["datetime", "instrument"]))
    data = {name: np.array([np.nan if r[2 + at] is None else r[2 + at] for r in rows], dtype=kinds[kind])
            for at, (name, kind) in enumerate(columns)}
    return pd.DataFrame(data, index=index, columns=[name for name, _ in columns])
`;

/** Rows that read_hdf finds without a key. Fails unless they are exactly the frame that pandas builds from `rows`. */
function equalRows(file: string, rows: Handmade): unknown {
  return python(
    `${build}
found = pd.read_hdf(spec["file"])
wanted = build(spec)
pd.testing.assert_frame_equal(found, wanted, check_exact=True, check_freq=False)
assert list(found.index.names) == list(wanted.index.names), found.index.names
assert found.index.levels[0].dtype == "datetime64[ns]", found.index.levels[0].dtype
assert [str(t) for t in found.dtypes] == [str(t) for t in wanted.dtypes]
assert found.index.is_monotonic_increasing and found.index.is_unique
json.dump(len(found), sys.stdout)
`,
    { ...rows, file },
  );
}

const boards = ["半导体", "白酒", "银行", "𠮷野家概念", "5G"];
const columns: Handmade["columns"] = [
  ["open", "f32"],
  ["close", "f64"],
  ["amount", "f64"],
  ["count", "i64"],
  ["ma5", "f32"],
];

function randomRows(round: number, shape: { readonly days: number; readonly keys: readonly string[] }) {
  const random = randomOfRound(round);
  const ordered = [...shape.keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const rows: HandmadeRow[] = [];
  for (let day = 0; day < shape.days; day += 1)
    for (const key of ordered) {
      if (random() < 0.1) continue;
      const missing = () => (random() < 0.2 ? null : Math.fround((random() - 0.3) * 1e6));
      const count = Math.floor((random() - 0.5) * 2 ** 50);
      rows.push([
        timeOf("2020-01-02") + day * 86_400_000,
        key,
        missing(),
        missing(),
        missing(),
        count,
        missing(),
      ]);
    }
  return rows;
}

describe(`pandas reads our frames (seed ${SEED})`, () => {
  test.each([
    ["of no row", []],
    ["of one row", [[timeOf("2020-01-02"), "000001.SZ", 1.5, null, 2, 3, -0]] as HandmadeRow[]],
    ["with Chinese keys", randomRows(1, { days: 3, keys: boards })],
    ["of many days", randomRows(2, { days: 400, keys: ["000001.SZ", "000002.SZ", "600000.SH"] })],
    ["of minutes", [[timeOf("2020-01-02T09:31"), "a", 1, 2, 3, 4, 5]] as HandmadeRow[]],
  ] as const)("%s", async (name, rows) => {
    const file = join(folder, `${name}.h5`);
    await writeFrame(file, handmadeFrame({ columns, rows }));
    expect(equalRows(file, { columns, rows })).toBe(rows.length);
  });

  test("with one column, other level names and a column named in Chinese", async () => {
    const file = join(folder, "one.h5");
    const frame: Handmade = {
      levels: ["datetime", "board"],
      columns: [["涨跌幅", "f32"]],
      rows: [
        [timeOf("2020-01-02"), "白酒", 0.5],
        [timeOf("2020-01-03"), "银行", null],
      ],
    };
    await writeFrame(file, handmadeFrame(frame));
    expect(equalRows(file, frame)).toBe(frame.rows.length);
  });

  test("across chunks and batches of any size", async () => {
    const wide = Array.from({ length: 40 }, (_, at) => [`c${at}`, "f64"] as const);
    const rows: HandmadeRow[] = [];
    for (let day = 0; day < 20; day += 1)
      for (let key = 0; key < 1000; key += 1)
        rows.push([day * 86_400_000, String(1000 + key), ...wide.map((_, at) => day * 1000 + key + at / 8)]);
    const file = join(folder, "chunks.h5");
    await writeFrame(file, handmadeFrame({ columns: wide, rows, batchRows: 777 }));
    expect(equalRows(file, { columns: wide, rows })).toBe(rows.length);
  });

  test("with more keys than two bytes can count", async () => {
    const rows = Array.from({ length: 40_000 }, (_, key) => [0, String(100_000 + key), key] as HandmadeRow);
    const file = join(folder, "keys.h5");
    await writeFrame(file, handmadeFrame({ columns: [["x", "f32"]], rows, batchRows: 9000 }));
    expect(equalRows(file, { columns: [["x", "f32"]], rows })).toBe(rows.length);
  });
});

describe("rows added later", () => {
  test.each([
    ["with the same keys", ["b", "d"], ["b", "d"]],
    ["with keys before, between and after", ["b", "d"], ["a", "b", "c", "e"]],
    ["with a key wider than any before", ["b", "d"], ["b", "银行", "cc"]],
    ["to a file without a row", [], ["a", "b"]],
    ["of no row", ["a"], []],
  ] as const)("%s equal writing at once", async (name, before, after) => {
    const first = randomRows(11, { days: 5, keys: before });
    const later = randomRows(12, { days: 7, keys: after }).map(([time, ...rest]): HandmadeRow => [
      time + 30 * 86_400_000,
      ...rest,
    ]);
    const file = join(folder, `append ${name}.h5`);
    await writeFrame(file, handmadeFrame({ columns, rows: first }));
    const written = await appendFrame(file, handmadeFrame({ columns, rows: later }));
    expect(written.rows).toBe(later.length);
    expect(equalRows(file, { columns, rows: [...first, ...later] })).toBe(first.length + later.length);
  });

  test("day by day, past the widths of pandas' codes", async () => {
    const keys = ["000001.SZ", "600000.SH", "白酒"];
    const all = randomRows(13, { days: 200, keys });
    const days = [...new Set(all.map(([time]) => time))];
    const file = join(folder, "days.h5");
    const upTo = (end: number) => all.filter(([time]) => time < days[end]!);
    await writeFrame(file, handmadeFrame({ columns, rows: upTo(120) }));
    for (let day = 120; day < days.length; day += 8)
      await appendFrame(
        file,
        handmadeFrame({
          columns,
          rows: all.filter(([time]) => time >= days[day]! && time < (days[day + 8] ?? Infinity)),
        }),
      );
    expect(equalRows(file, { columns, rows: all })).toBe(all.length);
  });

  test("to a file that pandas wrote", async () => {
    const first = randomRows(14, { days: 4, keys: ["a", "c"] });
    const later = randomRows(15, { days: 2, keys: ["b", "c"] }).map(([time, ...rest]): HandmadeRow => [
      time + 9 * 86_400_000,
      ...rest,
    ]);
    const file = join(folder, "theirs.h5");
    python(`${build}\nbuild(spec).to_hdf(spec["file"], key="data")`, { columns, rows: first, file });
    await appendFrame(file, handmadeFrame({ columns, rows: later }));
    expect(equalRows(file, { columns, rows: [...first, ...later] })).toBe(first.length + later.length);
  });
});

describe("files that pandas wrote", () => {
  const rows = randomRows(21, { days: 6, keys: ["000001.SZ", "600000.SH", "白酒"] });

  async function readBack(file: string): Promise<readonly HandmadeRow[]> {
    using frame = await openFrame(file);
    const found: HandmadeRow[] = [];
    for await (const { times, keys, values } of frame.batches())
      for (let row = 0; row < times.length; row += 1)
        found.push([
          times[row]!,
          frame.keys[keys[row]!]!,
          ...values.map((column) => {
            const value = Number(column[row]);
            return Number.isNaN(value) ? null : value;
          }),
        ]);
    return found;
  }

  test.each([
    ["as it is", "df", "", 0],
    ["compressed with zlib", "df", ', complib="zlib", complevel=5', 0],
    ["with levels that are used in part", "df.iloc[3:]", "", 3],
  ] satisfies readonly (readonly [string, string, string, number])[])(
    "are read %s",
    async (name, expression, options, skip) => {
      const file = join(folder, `pandas ${name}.h5`);
      python(`${build}\ndf = build(spec)\n(${expression}).to_hdf(spec["file"], key="data"${options})`, {
        columns,
        rows,
        file,
      });
      expect(await readBack(file)).toEqual(rows.slice(skip));
      using frame = await openFrame(file);
      expect(frame.columns).toEqual(
        columns.map(([name_, dtype]) => ({ name: name_, dtype: dtype satisfies FrameDtype })),
      );
      expect(frame.levels).toEqual(["datetime", "instrument"]);
    },
  );

  test("are read in the order of (instrument, datetime)", async () => {
    const file = join(folder, "swapped.h5");
    python(`${build}\nbuild(spec).swaplevel().sort_index().to_hdf(spec["file"], key="data")`, {
      columns,
      rows,
      file,
    });
    using frame = await openFrame(file);
    expect(frame.order).toBe("key-time");
    expect(frame.levels).toEqual(["instrument", "datetime"]);
    const sorted = [...rows].sort(
      (a, b) => Buffer.compare(Buffer.from(a[1]), Buffer.from(b[1])) || a[0] - b[0],
    );
    expect(await readBack(file)).toEqual(sorted);
    expect(() => frame.asFrame()).toThrow(expect.objectContaining({ code: "DATA_ROW_ORDER" }));
  });

  test("may be a Series, have an unnamed index, or columns of two levels", async () => {
    const file = join(folder, "series.h5");
    python(`${build}\nbuild(spec)["open"].to_hdf(spec["file"], key="data")`, { columns, rows, file });
    expect(await readBack(file)).toEqual(rows.map((row) => row.slice(0, 3)));
    python(
      `${build}
df = build(spec)
df.index.names = [None, None]
df.columns = pd.MultiIndex.from_product([["feature"], df.columns])
df.to_hdf(spec["file"], key="data")`,
      { columns, rows, file: join(folder, "two.h5") },
    );
    using frame = await openFrame(join(folder, "two.h5"));
    expect(frame.columns.map(({ name }) => name)).toEqual(columns.map(([name]) => name));
    expect(frame.levels).toEqual(["", ""]);
  });

  test("are read with no row at all", async () => {
    const file = join(folder, "none.h5");
    python(`${build}\nbuild(spec).to_hdf(spec["file"], key="data")`, { columns, rows: [], file });
    expect(await readBack(file)).toEqual([]);
  });

  test.each([
    [
      "blosc",
      'df.to_hdf(spec["file"], key="data", complib="blosc", complevel=5)',
      "DATA_FORM_UNSUPPORTED",
      /blosc/,
    ],
    [
      "the table format",
      'df.to_hdf(spec["file"], key="data", format="table")',
      "DATA_FORM_UNSUPPORTED",
      /frame_table/,
    ],
    [
      "an index of one level",
      'df.reset_index("instrument", drop=True).to_hdf(spec["file"], key="data")',
      "DATA_FORM_UNSUPPORTED",
      /index of datetime/,
    ],
    [
      "two frames",
      'df.to_hdf(spec["file"], key="a"); df.to_hdf(spec["file"], key="b")',
      "DATA_KIND_OTHER",
      /a, b/,
    ],
  ] as const)("are refused with %s", async (name, script, code, words) => {
    const file = join(folder, `refused ${name}.h5`);
    python(`${build}\ndf = build(spec)\n${script}`, { columns, rows, file });
    const failure = await openFrame(file).then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    expect(failure).toMatchObject({ code });
    expect(failure!.message).toMatch(words);
  });

  test("name the columns that are no numbers", async () => {
    const file = join(folder, "objects.h5");
    python(
      `${build}\ndf = build(spec)\ndf["name"] = "x"\ndf["flag"] = True\ndf.to_hdf(spec["file"], key="data")`,
      { columns, rows, file },
    );
    using frame = await openFrame(file);
    expect(frame.unreadable.map(({ name }) => name)).toEqual(["name"]);
    expect(frame.read({ start: 0, end: 2 }, ["flag"]).values[0]).toEqual(new BigInt64Array([1n, 1n]));
  });

  test("become ours byte for byte, however often they are written", async () => {
    const file = join(folder, "source.h5");
    python(`${build}\nbuild(spec).to_hdf(spec["file"], key="data")`, { columns, rows, file });
    using frame = await openFrame(file);
    const copy = join(folder, "copy.h5");
    await writeFrame(copy, frame.asFrame());
    const again = join(folder, "again.h5");
    using ours = await openFrame(copy);
    await writeFrame(again, ours.asFrame());
    expect(readFileSync(again).equals(readFileSync(copy))).toBe(true);
    expect(equalRows(again, { columns, rows })).toBe(rows.length);
  });
});

test("a full disk is told, keeps the old file, and does not disturb the next one", async () => {
  const disk = smallDisk(8);
  try {
    const file = join(disk.folder, "data.h5");
    const wide = Array.from({ length: 64 }, (_, at) => [`c${at}`, "f64"] as const);
    const days = (count: number) =>
      handmadeFrame({
        columns: wide,
        rows: Array.from({ length: count }, (_, day): HandmadeRow => [
          day,
          "a",
          ...wide.map((__, at) => day + at),
        ]),
        batchRows: 1000,
      });
    await writeFrame(file, days(100));
    const before = readFileSync(file);
    const failure = await writeFrame(file, days(30_000)).then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    expect(failure).toMatchObject({ code: "DATA_DISK_FULL" });
    expect(failure!.message).toContain(file);
    expect(readdirSync(disk.folder)).toEqual(["data.h5"]);
    expect(readFileSync(file).equals(before)).toBe(true);
    const elsewhere = join(folder, "elsewhere.h5");
    await writeFrame(elsewhere, days(100));
    expect(readFileSync(elsewhere).equals(before)).toBe(true);
  } finally {
    disk.remove();
  }
});
