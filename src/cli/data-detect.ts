import { Command } from "commander";
import { detectAll, type Detection } from "#data/detection/detect";
import { printMapping } from "#data/mapping/mapping-file";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { UsageError } from "./outcome.ts";
import { count } from "./terminal.ts";

interface DetectOptions extends SharedOptions {
  readonly printMapping?: boolean;
}

export function detectCommand(): Command {
  return withSharedOptions(new Command("detect"))
    .description("say what a source is recognised as and why, without importing it")
    .argument("<source>", "parquet:PATH csv:PATH json:PATH excel:PATH; a file, a folder or a glob")
    .option("--print-mapping", "print only the mapping file that says the same, to start from")
    .action((source: string, options: DetectOptions) =>
      runCommand(options, (context) => showDetection(context, source, options)),
    );
}

export async function showDetection(
  { terminal }: CommandContext,
  locator: string,
  options: DetectOptions,
): Promise<boolean> {
  if (locator.startsWith("qlib:")) {
    throw new UsageError(
      "a Qlib directory needs no detection: its layout says what it is",
      "name files to detect, or import it as it is",
    );
  }
  const found = await detectAll(locator);
  if (options.printMapping === true) {
    if (found.length > 1) {
      throw new UsageError(
        `${locator} holds files of ${found.length} shapes: ${found.map(({ shape }) => shape).join(", ")}`,
        "name one shape at a time, with a glob such as csv:DIR/*_daily.csv",
      );
    }
    terminal.line(printMapping(found[0]!.mapping).trimEnd());
  } else for (const detection of found) describe(terminal, detection);
  terminal.result({
    detections: found.map(({ kind, shape, mapping, reasons, doubts, files }) => ({
      kind,
      shape,
      mapping,
      reasons,
      doubts,
      files: files.map(({ name }) => name),
    })),
  });
  return true;
}

function describe(terminal: CommandContext["terminal"], detection: Detection): void {
  const { locator, kind, shape, reasons, doubts, files } = detection;
  const many = files.length === 1 ? files[0]!.name : `${count(files.length)} files, ${files[0]!.name} …`;
  terminal.line(`${locator}: ${shape} (${kind}); ${many}`);
  for (const reason of reasons) terminal.line(`  · ${reason}`);
  for (const doubt of doubts) terminal.line(`  ? ${doubt}`);
}
