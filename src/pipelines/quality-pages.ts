import { mkdir, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomically } from "#data/export/atomic-file";
import { renderQualityPage } from "#data/quality/quality-page";
import type { QualityReport } from "#data/quality/quality-report";
import { rules } from "#data/quality/rule-catalogue";
import type { StoreKey } from "#data/store/panel-store";
import type { QualityFinding } from "#evaluation/report/factor-report";
import type { Workspace } from "./workspace.ts";

/** The files of one quality report: `<workspace>/quality/<calendar>-<freq>/<source>.{json,zh.html,en.html}`. */
export interface QualityPages {
  readonly json: string;
  readonly zh: string;
  readonly en: string;
}

/** Writes the report of an import beside the store it went into; a later import of the same source replaces it. */
export async function writeQualityPages(
  workspace: Workspace,
  key: StoreKey,
  report: QualityReport,
): Promise<QualityPages> {
  const folder = join(workspace.quality, `${key.calendar}-${key.freq}`);
  await mkdir(folder, { recursive: true });
  const stem = join(folder, stemOf(report.source));
  const pages = { json: `${stem}.json`, zh: `${stem}.zh.html`, en: `${stem}.en.html` };
  const encoder = new TextEncoder();
  await writeAtomically(pages.json, [encoder.encode(`${JSON.stringify(report, null, 2)}\n`)]);
  await writeAtomically(pages.zh, [encoder.encode(renderQualityPage(report, "zh"))]);
  await writeAtomically(pages.en, [encoder.encode(renderQualityPage(report, "en"))]);
  return pages;
}

/** Reports of the sources that were imported into a store, by file; empty when there are none. */
export async function readQualityReports(
  workspace: Workspace,
  key: StoreKey,
): Promise<ReadonlyMap<string, QualityReport>> {
  const folder = join(workspace.quality, `${key.calendar}-${key.freq}`);
  const found = new Map<string, QualityReport>();
  for (const name of await jsonFiles(folder)) {
    const path = join(folder, name);
    found.set(path, JSON.parse(await readFile(path, "utf8")) as QualityReport);
  }
  return found;
}

async function jsonFiles(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith(".json")).sort();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

/** `parquet:data/a b.parquet` → `a-b.parquet`. */
function stemOf(locator: string): string {
  const name = locator.split(/[/\\:]/).findLast((part) => part !== "") ?? "source";
  return name.replace(/[^A-Za-z0-9._-]+/g, "-");
}

/** A report's rules as the factor report lists them, the graver first. */
export function qualityFindings(report: QualityReport): readonly QualityFinding[] {
  const weight = { error: 0, warning: 1, note: 2 };
  return [...report.rules]
    .sort((a, b) => weight[a.severity] - weight[b.severity])
    .map(({ rule, findings, severity, days, instruments, dropped }) => ({
      rule: rules[rule].title,
      count: findings,
      severity,
      remark: {
        zh: `${rules[rule].meaning.zh}（${instruments} 只证券，${days} 天${dropped > 0 ? `，剔除 ${dropped} 行` : ""}）`,
        en: `${rules[rule].meaning.en} (${instruments} instruments, ${days} days${dropped > 0 ? `, ${dropped} rows kept out` : ""})`,
      },
    }));
}
