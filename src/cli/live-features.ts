import { join } from "node:path";
import { Command } from "commander";
import { writeTableCsv } from "#data/export/csv/write-table";
import { writeTableParquet } from "#data/export/parquet/write-table";
import { tableOfPanel } from "#data/export/series-table";
import type { QuoteFeed } from "#data/quotes/quote-feed";
import { isoOf } from "#market/day";
import {
  LiveDataAdapter,
  type LiveFeatures,
  type LiveRequest,
} from "#pipelines/live-features/live-data-adapter";
import { livePlanOf } from "#pipelines/live-features/live-plan";
import { liveStore } from "#pipelines/live-features/live-source";
import { planOf, readMeta } from "#pipelines/snapshot/snapshot-meta";
import { snapshotIn } from "#pipelines/snapshot/snapshot-place";
import type { SnapshotAdjustment } from "#pipelines/snapshot/snapshot-source";
import { dayArgument, listArgument } from "./arguments.ts";
import { knownFactors } from "./chosen-factors.ts";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { feedArgument } from "./live-feeds.ts";
import { makeRoomFor } from "./out-file.ts";
import { UsageError } from "./outcome.ts";
import { chosenStore } from "./stores.ts";
import { count } from "./terminal.ts";
import { version } from "./version.ts";

interface FeatureOptions extends SharedOptions {
  readonly symbols: string;
  readonly window: string;
  readonly freq: string;
  readonly columns?: string;
  readonly expr?: readonly string[];
  readonly like?: string;
  readonly root?: string;
  readonly adjust?: string;
  readonly baseDay?: string;
  readonly store?: string;
  readonly vwap?: string;
  readonly now?: string;
  readonly mayLack: string;
  readonly partial: string;
  readonly feed?: string;
  readonly timeout?: string;
  readonly logIn?: boolean;
  readonly out?: string;
}

export function liveFeaturesCommand(): Command {
  return withSharedOptions(new Command("features"))
    .description("bars and factors of the last trading days, as a snapshot of the same columns holds them")
    .requiredOption("--symbols <list>", "instruments: A,B or @FILE with one a line")
    .option("--window <n>", "trading days", "60")
    .option("--freq <freq>", "1d, or 1min, 5min, … of a store of such bars", "1d")
    .option("--columns <list>", "fields and factors: close,volume,RSI14,alpha158.MA5 or @FILE")
    .option("--expr <expression...>", "expressions, each a column")
    .option("--like <id>", "columns, prices and spelling of this snapshot")
    .option("--root <dir>", "where snapshots lie; the workspace's folder snapshots unless told")
    .option("--adjust <kind>", "prices: qlib (× factor), qfq (of --base-day) or raw; qlib unless told")
    .option("--base-day <date>", "the day whose traded prices are the adjusted ones, of --adjust qfq")
    .option("--store <name>", "which store, e.g. XSHG/day, when there are several")
    .option("--vwap <rule>", "as the stored factors were computed with: amount or typical", "amount")
    .option("--now <moment>", "a moment instead of the clock's: 2024-06-03T15:30+08:00")
    .option(
      "--may-lack <n>",
      "closed sessions that the store may lack; none where --partial gives a row",
      "0",
    )
    .option("--partial <how>", "the running session: exclude, bars, or features (factors too)", "exclude")
    .option("--feed <feed>", "where its quotes are from: tdx:HOST:PORT, several servers with commas between")
    .option("--timeout <seconds>", "for each answer of a quote server; 5 unless told")
    .option("--log-in", "send the client's log-in after connecting; few TDX servers want it")
    .option("--out <file>", "write the rows as .parquet or .csv")
    .action((options: FeatureOptions) => runCommand(options, (context) => features(context, options)));
}

async function features(context: CommandContext, options: FeatureOptions): Promise<boolean> {
  const { terminal, signal } = context;
  const symbols = listArgument(options.symbols, "--symbols");
  const now = momentOf(options.now);
  const { partial, vwap, freq } = checked(options);
  const store = await chosenStore(context, options.store);
  const { registry } = await knownFactors(context);
  const plan = await planArgument(context, options);
  await using feed: QuoteFeed | null =
    options.feed === undefined ? null : feedArgument(options.feed, options);
  const source = liveStore(store, { registry, engine: version, vwap });
  const adapter = new LiveDataAdapter(source, { registry, vwap, ...(feed === null ? {} : { feed }) });
  const live = await adapter.getFeatures(symbols, now, {
    plan,
    window: whole(options.window, "--window"),
    freq,
    partial,
    mayLack: whole(options.mayLack, "--may-lack"),
    signal,
  });
  for (const { name, code, message } of live.uncomputed)
    terminal.warn(`${name} was not computed: ${code} ${message}`);
  for (const { instrument, column, code, message } of live.failures)
    terminal.warn(`of the running session ${instrument ?? column} is lacking: ${code} ${message}`);
  for (const instrument of live.absent) terminal.warn(`${instrument} has no row in the window`);
  if (options.out !== undefined) await write(live, options.out, signal);
  const { days } = live.panel.time;
  const range = days.length === 0 ? "no row" : `${isoOf(days[0]!)} to ${isoOf(days.at(-1)!)}`;
  const last = live.running === null ? "" : `, the last one partial (${isoOf(live.running)} is not over)`;
  terminal.line(
    `${count(live.panel.instruments.length)} instruments × ${count(days.length)} rows × ${count(live.panel.columns.size)} columns, ${range}${last}`,
  );
  if (live.lacking.length > 0) terminal.warn(`the store lacks ${live.lacking.map(isoOf).join(", ")}`);
  const complete = live.uncomputed.length + live.failures.length + live.absent.length === 0;
  terminal.result({
    ok: complete,
    ...summaryOf(live),
    ...(options.out === undefined ? { rows: rowsOf(live) } : { out: options.out }),
  });
  return complete;
}

function checked({ partial, vwap = "amount", freq }: FeatureOptions): {
  readonly partial: NonNullable<LiveRequest["partial"]>;
  readonly vwap: "amount" | "typical";
  readonly freq: NonNullable<LiveRequest["freq"]>;
} {
  if (partial !== "exclude" && partial !== "bars" && partial !== "features")
    throw new UsageError(`--partial ${partial} is not a way`, "give exclude, bars or features");
  if (vwap !== "amount" && vwap !== "typical")
    throw new UsageError(`--vwap ${vwap} is not a rule`, "give amount or typical");
  const known = ["1d", "1min", "5min", "15min", "30min", "60min"] as const;
  const asked = known.find((each) => each === freq);
  if (asked === undefined)
    throw new UsageError(`--freq ${freq} is no frequency`, `give one of ${known.join(", ")}`);
  return { partial, vwap, freq: asked };
}

async function planArgument(context: CommandContext, options: FeatureOptions): Promise<LiveRequest["plan"]> {
  const names = options.columns === undefined ? [] : listArgument(options.columns, "--columns");
  const asked = [...names, ...(options.expr ?? [])];
  if (options.like !== undefined) {
    if (asked.length > 0 || options.adjust !== undefined || options.baseDay !== undefined)
      throw new UsageError(
        "--like says the columns and the prices",
        "leave --columns, --expr, --adjust and --base-day out",
      );
    return planOf(
      await readMeta(await snapshotIn(options.root ?? join(context.workspace, "snapshots"), options.like)),
    );
  }
  if (asked.length === 0) throw new UsageError("no column was asked for", "give --columns, --expr or --like");
  const adjustment = adjustmentOf(options);
  return (source) => livePlanOf(source, asked, adjustment === undefined ? {} : { adjustment });
}

function adjustmentOf({ adjust, baseDay }: FeatureOptions): SnapshotAdjustment | undefined {
  if (adjust === "qfq") {
    if (baseDay === undefined)
      throw new UsageError(
        "--adjust qfq needs a base day",
        "give --base-day, the day whose prices are the traded ones",
      );
    return { kind: "qfq", baseDay: dayArgument(baseDay, "--base-day") };
  }
  if (baseDay !== undefined)
    throw new UsageError("--base-day has no meaning here", "give --adjust qfq, or leave it out");
  if (adjust === undefined) return undefined;
  if (adjust === "qlib" || adjust === "raw") return { kind: adjust };
  throw new UsageError(`--adjust ${adjust} is no adjustment`, "give qlib, qfq or raw");
}

/** Milliseconds since 1970 of a moment with its offset from UTC, or of the clock. */
function momentOf(text: string | undefined): number {
  if (text === undefined) return Date.now();
  const now = /(?:Z|[+-]\d{2}:?\d{2})$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(now))
    throw new UsageError(`--now ${text} is no moment`, "write it with its offset: 2024-06-03T15:30+08:00");
  return now;
}

function whole(text: string, flag: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new UsageError(`${flag} ${text} is not a whole number`, "give one");
  return Number(text);
}

async function write({ panel, isPartial }: LiveFeatures, out: string, signal: AbortSignal): Promise<void> {
  if (!/\.(?:csv|parquet)$/.test(out))
    throw new UsageError(`--out ${out} names no format`, "write .parquet or .csv");
  await makeRoomFor(out);
  const marks = { name: "is_partial", values: Float32Array.from(isPartial) };
  const marked = { ...panel, columns: new Map([...panel.columns, [marks.name, marks]]) };
  if (out.endsWith(".csv")) await writeTableCsv(tableOfPanel(marked), out, { signal });
  else
    await writeTableParquet(tableOfPanel(marked), out, {
      signal,
      metadata: { engine: `alphaloom ${version}` },
    });
}

function summaryOf(live: LiveFeatures): Readonly<Record<string, unknown>> {
  const { absent, failures, uncomputed, storedThrough, lacking, running, locator, generation, panel } = live;
  return {
    instruments: panel.instruments,
    columns: [...panel.columns.keys()],
    days: [...new Set(panel.time.days)].map(isoOf),
    storedThrough: storedThrough === null ? null : isoOf(storedThrough),
    running: running === null ? null : isoOf(running),
    lacking: lacking.map(isoOf),
    absent,
    failures,
    uncomputed,
    source: locator,
    generation,
  };
}

/** In the order of a snapshot's rows; missing numbers are null. */
function rowsOf({ panel, isPartial }: LiveFeatures): readonly Readonly<Record<string, unknown>>[] {
  const { instruments, time, first, last, columns } = panel;
  const rows: Readonly<Record<string, unknown>>[] = [];
  for (const [row, day] of time.days.entries()) {
    for (const [lane, instrument] of instruments.entries()) {
      if (row < first[lane]! || row > last[lane]!) continue;
      const at = row * instruments.length + lane;
      const minute = time.minutes === undefined ? {} : { minute: time.minutes[row]! };
      const values = [...columns.values()].map(({ name, values: all }) => [
        name,
        Number.isFinite(all[at]!) ? all[at]! : null,
      ]);
      rows.push({
        datetime: isoOf(day),
        ...minute,
        instrument,
        isPartial: isPartial[at] === 1,
        ...Object.fromEntries(values),
      });
    }
  }
  return rows;
}
