import { Command } from "commander";
import { checkQlibDirectory } from "#data/sources/qlib-bin/health/check-directory";
import type { HealthReport } from "#data/sources/qlib-bin/health/health-report";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { UsageError } from "./outcome.ts";
import { count, type Terminal } from "./terminal.ts";

interface HealthOptions extends SharedOptions {
  readonly lang: string;
  readonly priceStep?: string;
  readonly volumeStep?: string;
  readonly missing?: string;
  readonly benchmark?: string | false;
  readonly strict?: boolean;
}

export function healthCommand(): Command {
  return withSharedOptions(new Command("health"))
    .description("look a Qlib directory over: the checks of Qlib's own script, and what Qlib would misread")
    .argument("<dir>", "the provider directory")
    .option("--lang <language>", "language of the rules: zh or en", "zh")
    .option("--price-step <share>", "daily change of a price that is reported (0.5)")
    .option("--volume-step <share>", "daily change of the volume that is reported (3)")
    .option("--missing <n>", "missing values of a field that are not yet reported (0)")
    .option("--benchmark <code>", "an index that has to be there (SH000300 for A-shares)")
    .option("--no-benchmark", "no index has to be there")
    .option("--strict", "warnings count too for the exit code")
    .action((dir: string, options: HealthOptions) =>
      runCommand(options, (context) => health(context, dir, options)),
    );
}

async function health(context: CommandContext, dir: string, options: HealthOptions): Promise<boolean> {
  const { terminal, signal } = context;
  const { lang } = options;
  if (lang !== "zh" && lang !== "en")
    throw new UsageError(`--lang ${lang} is not a language of the rules`, "give zh or en");
  const limits = {
    ...limit("priceStep", options.priceStep, "--price-step"),
    ...limit("volumeStep", options.volumeStep, "--volume-step"),
    ...limit("missing", options.missing, "--missing"),
  };
  const progress = terminal.progress("qlib health", 0, "instruments");
  const report = await checkQlibDirectory(dir, {
    limits,
    ...(options.benchmark === undefined
      ? {}
      : { benchmark: options.benchmark === false ? null : options.benchmark }),
    signal,
    onInstruments: (done) => progress.update(done),
  });
  progress.end();
  describe(terminal, report, lang);
  terminal.result({ ok: report.healthy, ...report });
  return report.healthy && !(options.strict === true && report.counts.warning > 0);
}

/** A number of at least 0 as one of the limits. Throws `UsageError`. */
function limit<Name extends string>(
  name: Name,
  text: string | undefined,
  flag: string,
): Partial<Record<Name, number>> {
  if (text === undefined) return {};
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0))
    throw new UsageError(`${flag} ${text} is no limit`, "give a number from 0 on");
  return { [name]: value } as Record<Name, number>;
}

const SHOWN = 3;

function describe(terminal: Terminal, report: HealthReport, lang: "zh" | "en"): void {
  const { counts, rules } = report;
  terminal.line(
    `${report.dir}: ${count(report.instruments)} instruments, ${count(report.files)} files, ${report.fields.length} fields, ${report.first ?? "–"} … ${report.last ?? "–"} (${count(report.days)} days, ${report.calendar ?? "no calendar"})`,
  );
  for (const { title, advice, severity, findings, instruments, listed } of rules) {
    const of = instruments > 0 ? `, ${count(instruments)} instruments` : "";
    terminal.line();
    terminal.line(`${severity}: ${title[lang]} (${count(findings)}${of})`);
    for (const { found, file, line } of listed.slice(0, SHOWN)) {
      const where = file === undefined ? "" : `${file}${line === undefined ? "" : `:${line}`}: `;
      terminal.line(`  ${where}${found}`);
    }
    if (findings > SHOWN) terminal.line(`  … ${count(findings - SHOWN)} more`);
    terminal.line(`  → ${advice[lang]}`);
  }
  terminal.line();
  terminal.line(
    report.healthy
      ? `no errors, ${count(counts.warning)} warnings, ${count(counts.note)} notes`
      : `${count(counts.error)} errors, ${count(counts.warning)} warnings, ${count(counts.note)} notes`,
  );
}
