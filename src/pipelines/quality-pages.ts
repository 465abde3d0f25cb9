import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "#data/errors";
import { writeAtomically } from "#data/export/atomic-file";
import { renderQualityPage } from "#data/quality/quality-page";
import { REPORT_VERSION, type QualityReport, type RuleCount } from "#data/quality/quality-report";
import { rules } from "#data/quality/rule-catalogue";
import type { StoreKey } from "#data/store/panel-store";
import { asDataError } from "#data/system-errors";
import type { QualityFinding } from "#evaluation/report/factor-report";
import type { Workspace } from "./workspace.ts";

/** The files of one quality report: `<workspace>/quality/<calendar>-<freq>/<source>.{json,zh.html,en.html}`. */
export interface QualityPages {
  readonly json: string;
  readonly zh: string;
  readonly en: string;
}

/** Writes the report of an import beside the store it went into; a later import of the same source replaces it. Throws DATA_DISK_FULL, DATA_NOT_PERMITTED. */
export async function writeQualityPages(
  workspace: Workspace,
  key: StoreKey,
  report: QualityReport,
): Promise<QualityPages> {
  const folder = join(workspace.quality, `${key.calendar}-${key.freq}`);
  const stem = join(folder, reportName(report.source));
  const pages = { json: `${stem}.json`, zh: `${stem}.zh.html`, en: `${stem}.en.html` };
  await writeAtomically(pages.json, [`${JSON.stringify(report, null, 2)}\n`]);
  await writeAtomically(pages.zh, [renderQualityPage(report, "zh")]);
  await writeAtomically(pages.en, [renderQualityPage(report, "en")]);
  return pages;
}

/**
 * Reports of the sources that were imported into a store, by file; empty when there are none. Throws STORE_FORMAT for a
 * report of a version that this one does not read, DATA_FILE_DAMAGED for what is none.
 */
export async function readQualityReports(
  workspace: Workspace,
  key: StoreKey,
): Promise<ReadonlyMap<string, QualityReport>> {
  const folder = join(workspace.quality, `${key.calendar}-${key.freq}`);
  const found = new Map<string, QualityReport>();
  for (const name of await jsonFiles(folder)) {
    const path = join(folder, name);
    found.set(path, await readReport(path));
  }
  return found;
}

async function readReport(file: string): Promise<QualityReport> {
  let report: unknown;
  try {
    report = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw asDataError(error, { file, doing: "read" });
  }
  const version = (report as Partial<QualityReport> | null)?.version;
  if (version === REPORT_VERSION) return report as QualityReport;
  throw new DataError("STORE_FORMAT", `${file} is a quality report of version ${version ?? "none"}`, {
    remedy: "import the source again; its report is written anew",
    place: { file },
  });
}

async function jsonFiles(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith(".json")).sort();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

/** A file name for a locator, its last part: `parquet:data/日线 2024.parquet` → `日线_2024.parquet`. */
export function reportName(locator: string): string {
  const last = locator.split(/[/\\:]/).findLast((part) => part !== "") ?? "";
  const name = last.replaceAll("*", "all").replace(/[^\p{L}\p{N}._-]+/gu, "_");
  return name.replace(/^\.+/, "") || "source";
}

/** The first listed finding of a rule: `600000.SH 2017-05-30`, or its stretch; undefined when none is listed. */
export function exampleOf(report: QualityReport, rule: RuleCount["rule"]): string | undefined {
  const found = report.findings.find((each) => each.rule === rule);
  if (found === undefined) return undefined;
  const { instrument, day, lastDay } = found;
  return `${instrument} ${day}${lastDay === undefined || lastDay === day ? "" : ` … ${lastDay}`}`;
}

/** A report's rules as the factor report lists them, the graver first. */
export function qualityFindings(report: QualityReport): readonly QualityFinding[] {
  const weight = { error: 0, warning: 1, note: 2 };
  return [...report.rules]
    .sort((a, b) => weight[a.severity] - weight[b.severity])
    .map(({ rule, findings, severity, days, instruments, dropped }) => {
      const { title, meaning } = rules[rule];
      const example = exampleOf(report, rule);
      const zh = [`${instruments} 只证券`, `${days} 天`];
      const en = [`${instruments} instruments`, `${days} days`];
      if (dropped > 0) {
        zh.push(`剔除 ${dropped} 行`);
        en.push(`${dropped} rows kept out`);
      }
      if (example !== undefined) {
        zh.push(`例如 ${example}`);
        en.push(`such as ${example}`);
      }
      const remark = { zh: `${meaning.zh}（${zh.join("，")}）`, en: `${meaning.en} (${en.join(", ")})` };
      return { rule: title, count: findings, severity, remark };
    });
}
