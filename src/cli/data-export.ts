import { join, resolve } from "node:path";
import { Command } from "commander";
import type { ParquetExport, ParquetExportReport } from "#pipelines/export-parquet/export-content";
import { exportInstrumentFiles } from "#pipelines/export-parquet/instrument-files";
import { exportPeriodFiles } from "#pipelines/export-parquet/period-files";
import { chosenStore } from "./stores.ts";
import { commaSeparated, knownFactors } from "./chosen-factors.ts";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { UsageError } from "./outcome.ts";
import { bytes, count } from "./terminal.ts";
import { version } from "./version.ts";

interface ExportOptions extends SharedOptions {
  readonly out?: string;
  readonly store?: string;
  readonly by: string;
  readonly fields?: readonly string[];
  readonly factor?: readonly string[];
  readonly prices: string;
  readonly compression: string;
}

const layouts = ["instrument", "month", "quarter", "year"] as const;
const scales = ["adjusted", "raw"] as const;
const codecs = ["zstd", "snappy"] as const;

export function exportCommand(): Command {
  return withSharedOptions(new Command("export"))
    .description(
      "Parquet files of bars and factors, one per instrument or period, with an index; files that are current stay as they are",
    )
    .option("--out <dir>", "the folder; data/parquet in the workspace unless told")
    .option("--store <name>", "the store, where there are several: XSHG/day")
    .option("--by <what>", `one file for each ${layouts.join(", ")}`, "instrument")
    .option("--fields <name...>", "fields of the bars; all usual ones unless told")
    .option("--factor <name...>", "factors too, by any of their names: tech.RSI14, alpha_019")
    .option("--prices <scale>", `${scales.join(" (scale of the factors) or ")} (as traded)`, "adjusted")
    .option("--compression <name>", codecs.join(" or "), "zstd")
    .action((options: ExportOptions) => runCommand(options, (context) => exportParquet(context, options)));
}

async function exportParquet(context: CommandContext, options: ExportOptions): Promise<boolean> {
  const { terminal, workspace, signal } = context;
  const layout = oneOf(layouts, options.by, "--by");
  const folder = resolve(options.out ?? join(workspace, "data", "parquet"));
  const store = await chosenStore(context, options.store);
  const { registry } = await knownFactors(context);
  const fields = commaSeparated(options.fields);
  const progress = terminal.progress("export", 0, "files");
  const content: ParquetExport = {
    prices: oneOf(scales, options.prices, "--prices"),
    compression: oneOf(codecs, options.compression, "--compression"),
    ...(fields.length === 0 ? {} : { fields }),
    factors: commaSeparated(options.factor),
    registry,
    engine: version,
    signal,
    onFiles: (done) => progress.update(done),
  };
  const report: ParquetExportReport =
    layout === "instrument"
      ? await exportInstrumentFiles(store, folder, content)
      : await exportPeriodFiles(store, folder, { ...content, period: layout });
  progress.end();
  const { generation, written, unchanged, removed, rows } = report;
  terminal.line(
    `${folder}: ${count(written)} files written, ${count(unchanged)} current, ${count(removed)} removed; ` +
      `${count(rows)} rows, ${bytes(report.bytes)}, generation ${generation}`,
  );
  terminal.result({ ok: true, folder, layout, ...report });
  return true;
}

/** Throws `UsageError`. */
function oneOf<const Name extends string>(names: readonly Name[], text: string, flag: string): Name {
  const found = names.find((name) => name === text);
  if (found !== undefined) return found;
  throw new UsageError(`${flag} ${text} is none of them`, `give ${names.join(", ")}`);
}
