import { join, relative } from "node:path";
import { Command } from "commander";
import { openReferenceSource } from "#data/sources/open-source";
import { factorSet } from "#factors/catalogue";
import { writeTableParquet } from "#data/export/parquet/write-table";
import { mkdir } from "node:fs/promises";
import { dumpQlibDirectory } from "#pipelines/qlib-directory/dump-directory";
import { exportSnapshot } from "#pipelines/snapshot/export-snapshot";
import { snapshotIn } from "#pipelines/snapshot/snapshot-place";
import { verifySnapshot } from "#pipelines/snapshot/verify-snapshot";
import { qualityFindings } from "#pipelines/quality-pages";
import { factorTable } from "#pipelines/factor-table";
import { storeName, storeOf, workspaceAt } from "#pipelines/workspace";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { reportFailures } from "./factors-eval.ts";
import { writeReport, type WrittenReport } from "./factors-report.ts";
import { importInto, type ImportedSource } from "./import.ts";
import { importTable } from "./import-reference.ts";
import { tellResult } from "./snapshot-export.ts";
import { openSnapshotSource } from "./snapshot-sources.ts";
import { bytes, count, duration } from "./terminal.ts";
import { version } from "./version.ts";
import { withView } from "./views.ts";

const fixtures = join(import.meta.dirname, "..", "..", "fixtures");

/** The shipped data of the three markets. */
const shipped = [
  {
    title: "A-shares 2017–2019",
    locator: `parquet:${join(fixtures, "a-share-daily", "a-share-daily-2017-2019.parquet")}`,
  },
  { title: "US stocks and funds 1998–2021", locator: `csv:${join(fixtures, "us-equity-daily")}` },
  { title: "Bitcoin 2020–2025", locator: `csv:${join(fixtures, "btcusdt-daily", "btcusdt-1d.csv")}` },
] as const;

export function demoCommand(): Command {
  return withSharedOptions(new Command("demo"))
    .description("the main job on shipped real data: import, check, compute 158 factors, evaluate, export")
    .action((options: SharedOptions) =>
      runCommand(
        {
          ...options,
          workspace:
            options.workspace === "workspace" ? "demo-workspace" : (options.workspace ?? "demo-workspace"),
        },
        runDemo,
      ),
    );
}

const industries = `csv:${join(fixtures, "a-share-daily", "a-share-instruments-2019.csv")}`;

/** A file that the demo made, for the list at its end. */
interface Made {
  readonly path: string;
  readonly what: string;
}

async function runDemo(context: CommandContext): Promise<boolean> {
  const { terminal } = context;
  const started = performance.now();
  const made: Made[] = [];
  const imports: ImportedSource[] = [];
  for (const [index, { title, locator }] of shipped.entries()) {
    terminal.line(`\n${index + 1}. Import ${title}`);
    imports.push(await importInto(context, locator));
  }
  terminal.line("\n   and names and industries of the A-shares, as a reference table");
  await importTable(context, await openReferenceSource(industries));
  const workspace = workspaceAt(context.workspace);
  made.push({
    path: workspace.quality,
    what: "what the quality check found, a page per source in Chinese and English",
  });
  made.push({ path: workspace.stores, what: "the panel stores: immutable segments, one manifest each" });

  terminal.line("\n4. Compute Alpha158, 158 factors, on every instrument and day");
  for (const result of imports) made.push(await computeSet(context, result));

  terminal.line("\n5. Evaluate the factors on the A-shares: IC, quantile returns, decay, turnover, coverage");
  const { report, page } = await evaluate(context, imports[0]!);
  made.push(page);

  terminal.line("\n6. Write a Qlib directory of the A-shares");
  made.push(await exportQlib(context, imports[0]!));

  terminal.line("\n7. Write a snapshot of the A-shares for pandas, Qlib and RD-Agent, and verify it");
  made.push(await exportDemoSnapshot(context, imports[0]!));

  terminal.line(`\nDone in ${duration(performance.now() - started)}. What was made:`);
  const here = process.cwd();
  terminal.table(made.map(({ path, what }) => [`  ${relative(here, path)}`, what]));
  const shown = relative(here, context.workspace);
  terminal.line("\nWhat to try next:");
  terminal.table([
    [`  open ${relative(here, page.path)}`, "the report, Chinese or English, no network needed"],
    ["  npx alphaloom factors show alpha158.RSQR20 --explain", "how a factor is compiled"],
    [
      `  npx alphaloom factors report --workspace ${shown} --store XSHG --expr 'Corr($close,$volume,10)' --out mine.html`,
      "your own factor",
    ],
    [
      `  npx alphaloom data dump --workspace ${shown} --store XSHG --fields all --out bars.parquet`,
      "the bars for pandas",
    ],
    [
      `  python3 -c "import pandas; print(pandas.read_hdf('${shown}/snapshots/${SNAPSHOT}/daily_pv.h5'))"`,
      "the snapshot in pandas (with PyTables)",
    ],
    ["  npx alphaloom import parquet:YOUR-FILE.parquet", "your own data; docs/guides/import.md"],
  ]);
  terminal.result({
    ok: true,
    workspace: context.workspace,
    made,
    best: report.best.map(({ name, rankIc }) => ({
      factor: name,
      rankIc: rankIc.mean,
      t: rankIc.tNeweyWest,
    })),
  });
  return imports.every((result) => result.failures.length === 0) && report.failures === 0;
}

/** The shipped bars hold no amount, so the demo asks for the typical price as vwap and says so. */
const viewOf = (result: ImportedSource): { readonly store: string; readonly vwap: string } => ({
  store: storeName(result.source),
  vwap: "typical",
});

async function computeSet(context: CommandContext, result: ImportedSource): Promise<Made> {
  const { terminal, signal } = context;
  return withView(context, viewOf(result), async (view) => {
    const out = join(context.workspace, "factors", `alpha158-${view.calendar}.parquet`);
    const progress = terminal.progress(`  ${view.locator}`, view.instruments.length, "instruments");
    const table = await factorTable(view, factorSet("alpha158"), {
      signal,
      onInstruments: (done) => progress.update(done),
    });
    reportFailures(terminal, table.failures);
    await mkdir(join(context.workspace, "factors"), { recursive: true });
    const rows = await writeTableParquet(table, out, { signal });
    progress.end(`${count(rows)} rows`);
    terminal.line(`  ${view.locator}: ${table.fields.length} factors × ${count(rows)} rows`);
    if (view.vwap === "typical")
      terminal.line("    no amount in these bars: $vwap is the typical price (high + low + close)/3");
    return { path: out, what: `${table.fields.length} factors × ${count(rows)} rows for pandas` };
  });
}

async function evaluate(
  context: CommandContext,
  result: ImportedSource,
): Promise<{ readonly report: WrittenReport; readonly page: Made }> {
  const out = join(workspaceAt(context.workspace).reports, "alpha158-XSHG.html");
  const report = await withView(context, viewOf(result), (view) =>
    writeReport(
      context,
      view,
      {
        set: ["alpha158"],
        out,
        lang: "zh",
        horizon: "1",
        entryLag: "1",
        quantiles: "5",
        groups: "instruments.industry",
        assumeStatic: true,
      },
      {
        source: result.source,
        ...(result.quality === null ? {} : { quality: qualityFindings(result.quality) }),
      },
    ),
  );
  const { terminal } = context;
  terminal.line("  strongest by |t| of the rank IC (next-day return, entered at the next close):");
  terminal.table(
    [
      ["    factor", "rank IC", "ICIR", "t", "top − bottom a year"],
      ...report.best.map((factor) => [
        `    ${factor.name}`,
        factor.rankIc.mean.toFixed(4),
        factor.rankIc.ratio.toFixed(2),
        factor.rankIc.tNeweyWest.toFixed(2),
        `${(factor.annualSpread * 100).toFixed(1)} %`,
      ]),
    ],
    { numeric: [1, 2, 3, 4] },
  );
  return { report, page: { path: out, what: `the factor report, ${bytes(report.bytes)}, one file` } };
}

const SNAPSHOT = "a-shares-2017-2019";

async function exportDemoSnapshot(context: CommandContext, result: ImportedSource): Promise<Made> {
  const { terminal, signal, workspace } = context;
  const root = join(workspace, "snapshots");
  const text = `store:${storeName(result.source)}`;
  await using chosen = await openSnapshotSource(context, { text });
  const { source } = chosen;
  const now = Date.now;
  tellResult(
    terminal,
    await exportSnapshot({ root, id: SNAPSHOT, source, ifExists: "overwrite", engine: version, now, signal }),
  );
  const verified = await verifySnapshot(await snapshotIn(root, SNAPSHOT), {
    source,
    signal,
    random: Math.random,
  });
  terminal.line(`  verified: ${verified.ok ? "sound" : "NOT SOUND"}, score ${verified.score}`);
  return { path: join(root, SNAPSHOT), what: "daily_pv.h5 with its calendar, instruments and meta.json" };
}

async function exportQlib(context: CommandContext, result: ImportedSource): Promise<Made> {
  const store = storeOf(workspaceAt(context.workspace), result.source);
  await using snapshot = await store.snapshot();
  const dir = join(context.workspace, "qlib");
  const dumped = await dumpQlibDirectory(store, snapshot, dir, {
    overwrite: true,
    engine: version,
    vwap: "typical",
    signal: context.signal,
  });
  context.terminal.line(
    `  ${count(dumped.instruments)} instruments, ${count(dumped.files)} files, ${bytes(dumped.bytes)}`,
  );
  return { path: dir, what: "a Qlib provider directory: qlib.init(provider_uri=…)" };
}
