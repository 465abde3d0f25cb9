/**
 * Where quality reports lie: `<workspace>/quality/<calendar>-<freq>/<source>.json` with a page in each language beside
 * it, and `LATEST`, which names the report of the last import. A later import of a source of the same name replaces its
 * report; each file appears whole or not at all.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "#data/errors";
import { writeAtomically } from "#data/export/atomic-file";
import type { Language } from "#data/quality/quality-page";
import { renderQualityPage } from "#data/quality/quality-page";
import type { QualityReport } from "#data/quality/quality-report";
import { REPORT_VERSION } from "#data/quality/quality-report";
import type { StoreKey } from "#data/store/panel-store";
import { asDataError } from "#data/system-errors";
import { storeName, type Workspace } from "./workspace.ts";

const LATEST = "LATEST";

/** A report with the generation that its import led to. */
export interface StoredQualityReport extends QualityReport {
  readonly generation: number;
}

export interface QualityFiles {
  readonly json: string;
  readonly pages: Readonly<Record<Language, string>>;
}

function folderOf(workspace: Workspace, { calendar, freq }: StoreKey): string {
  return join(workspace.quality, `${calendar}-${freq}`);
}

/** A file name for a locator: its last part, with what no file system takes replaced. */
export function reportName(locator: string): string {
  const path = locator.slice(locator.indexOf(":") + 1).replace(/[\\/]+$/, "");
  const last = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
  const name = last.replaceAll("*", "all").replace(/[^\p{L}\p{N}._-]+/gu, "_");
  return name.replace(/^\.+/, "") || "source";
}

/** Writes the report, its pages, and then its name as the latest. Throws DATA_DISK_FULL, DATA_NOT_PERMITTED. */
export async function writeQualityReport(
  workspace: Workspace,
  key: StoreKey,
  report: StoredQualityReport,
): Promise<QualityFiles> {
  const folder = folderOf(workspace, key);
  const name = reportName(report.source);
  const json = join(folder, `${name}.json`);
  const pages = { zh: join(folder, `${name}.zh.html`), en: join(folder, `${name}.en.html`) };
  await writeAtomically(json, [JSON.stringify(report, null, 1)]);
  await writeAtomically(pages.zh, [renderQualityPage(report, "zh")]);
  await writeAtomically(pages.en, [renderQualityPage(report, "en")]);
  await writeAtomically(join(folder, LATEST), [`${name}\n`]);
  return { json, pages };
}

/**
 * The report of the last import into a store. Throws DATA_FILE_MISSING when there is none, STORE_FORMAT when it was
 * written by a version that this one does not read, DATA_FILE_DAMAGED when it is no report.
 */
export async function readQualityReport(workspace: Workspace, key: StoreKey): Promise<StoredQualityReport> {
  const folder = folderOf(workspace, key);
  const name = await readText(join(folder, LATEST), key);
  const file = join(folder, `${reportName(name.trim())}.json`);
  const text = await readText(file, key);
  let report: unknown;
  try {
    report = JSON.parse(text);
  } catch (error) {
    throw asDataError(error, { file, doing: "read" });
  }
  const version = (report as Partial<StoredQualityReport> | null)?.version;
  if (version !== REPORT_VERSION) {
    throw new DataError("STORE_FORMAT", `${file} is a quality report of version ${version ?? "none"}`, {
      remedy: "import the source again; the report is written anew",
      place: { file },
    });
  }
  return report as StoredQualityReport;
}

async function readText(file: string, key: StoreKey): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const failure = asDataError(error, { file, doing: "read" });
    if (!(failure instanceof DataError) || failure.code !== "DATA_FILE_MISSING") throw failure;
    throw new DataError(
      "DATA_FILE_MISSING",
      `there is no quality report of an import into ${storeName(key)}`,
      {
        remedy: "import daily bars into it, or inspect a source: alphaloom data quality --source LOCATOR",
        place: { file },
      },
    );
  }
}
