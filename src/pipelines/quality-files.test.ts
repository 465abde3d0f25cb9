import * as fc from "fast-check";
import { mkdtempSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { QualityReportBuilder } from "#data/quality/quality-report";
import { readQualityReport, reportName, writeQualityReport } from "./quality-files.ts";
import { workspaceAt } from "./workspace.ts";

const key = { calendar: "XSHG", freq: "day" } as const;
const workspaceIn = () => workspaceAt(mkdtempSync(path.join(os.tmpdir(), "quality-")));
const reportOf = (source: string) => ({
  ...new QualityReportBuilder().report({ source, shape: "mapped", calendar: "XSHG" }),
  generation: 3,
});

it("a report is named after its source", () => {
  expect(reportName("parquet:data/日线 2024.parquet")).toBe("日线_2024.parquet");
  expect(reportName("csv:us-equity-daily/")).toBe("us-equity-daily");
  expect(reportName("csv:C:\\bars\\*_daily.csv")).toBe("all_daily.csv");
  expect(reportName("csv:..")).toBe("source");
});

it("no locator leads out of the folder", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("a", ".", "/", "\\", ":", " ", "*", "\0", "é") }),
      (text) => {
        const name = reportName(text);
        expect(name).toMatch(/^[^./\\\0:][^/\\\0:]*$/);
        expect(reportName(name)).toBe(name);
      },
    ),
  );
});

it("the latest report is the one read, and replaces that of the same source", async () => {
  const workspace = workspaceIn();
  await writeQualityReport(workspace, key, reportOf("csv:one.csv"));
  await writeQualityReport(workspace, key, reportOf("csv:two.csv"));
  expect((await readQualityReport(workspace, key)).source).toBe("csv:two.csv");
  await writeQualityReport(workspace, key, { ...reportOf("csv:one.csv"), generation: 4 });
  expect(await readQualityReport(workspace, key)).toMatchObject({ source: "csv:one.csv", generation: 4 });
});

it("a report of another version or no report at all is refused with a code", async () => {
  const workspace = workspaceIn();
  const { json } = await writeQualityReport(workspace, key, reportOf("csv:one.csv"));
  writeFileSync(json, JSON.stringify({ ...reportOf("csv:one.csv"), version: 99 }));
  await expect(readQualityReport(workspace, key)).rejects.toMatchObject({ code: "STORE_FORMAT" });
  writeFileSync(json, "null");
  await expect(readQualityReport(workspace, key)).rejects.toMatchObject({ code: "STORE_FORMAT" });
  writeFileSync(json, "{ cut");
  await expect(readQualityReport(workspace, key)).rejects.toMatchObject({ code: "DATA_FILE_DAMAGED" });
});
