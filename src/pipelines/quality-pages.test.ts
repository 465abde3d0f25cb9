import * as fc from "fast-check";
import { mkdtempSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { inspectRows } from "#data/quality/inspect";
import { QualityReportBuilder } from "#data/quality/quality-report";
import { calendarNamed } from "#market/calendar/exchange-calendars";
import { dayOf } from "#market/day";
import { qualityFindings, readQualityReports, reportName, writeQualityPages } from "./quality-pages.ts";
import { workspaceAt } from "./workspace.ts";

const key = { calendar: "XSHG", freq: "day" } as const;
const workspaceIn = () => workspaceAt(mkdtempSync(path.join(os.tmpdir(), "quality-")));
const reportOf = (source: string) =>
  new QualityReportBuilder().report({ source, shape: "mapped", calendar: "XSHG" });

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

it("every source has its report, which its next import replaces", async () => {
  const workspace = workspaceIn();
  expect(await readQualityReports(workspace, key)).toEqual(new Map());
  const one = await writeQualityPages(workspace, key, reportOf("csv:one.csv"));
  const two = await writeQualityPages(workspace, key, reportOf("csv:two.csv"));
  await writeQualityPages(workspace, key, { ...reportOf("csv:one.csv"), rows: 7 });
  const reports = await readQualityReports(workspace, key);
  expect([...reports.keys()]).toEqual([one.json, two.json]);
  expect(reports.get(one.json)!.rows).toBe(7);
});

it("a report of another version or no report at all is refused with a code", async () => {
  const workspace = workspaceIn();
  const { json } = await writeQualityPages(workspace, key, reportOf("csv:one.csv"));
  writeFileSync(json, JSON.stringify({ ...reportOf("csv:one.csv"), version: 99 }));
  await expect(readQualityReports(workspace, key)).rejects.toMatchObject({ code: "STORE_FORMAT" });
  writeFileSync(json, "null");
  await expect(readQualityReports(workspace, key)).rejects.toMatchObject({ code: "STORE_FORMAT" });
  writeFileSync(json, "{ cut");
  await expect(readQualityReports(workspace, key)).rejects.toMatchObject({ code: "DATA_FILE_DAMAGED" });
});

const calendar = calendarNamed("XSHG");

/** A closed day, a gap of two sessions and another of one. */
function report() {
  const builder = new QualityReportBuilder();
  const days = ["2024-01-01", "2024-01-02", "2024-01-05", "2024-01-09"].map(dayOf);
  const close = Float64Array.from(days, (_, n) => 10 + n / 10);
  for (const instrument of ["600000.SH", "000001.SZ"]) {
    const rows = { instrument, days: Int32Array.from(days), columns: new Map([["close", close]]) };
    builder.add(inspectRows(rows, { calendar }));
  }
  return builder.report({ source: "csv:x", shape: "mapped", calendar: "XSHG" });
}

it("a report becomes one line a rule, in both languages, with the catalogue's words and an example", () => {
  const [holiday, gap, ...others] = qualityFindings(report());
  expect(others).toEqual([]);
  expect(holiday).toMatchObject({
    rule: { zh: "休市日出现行情", en: "Bar on a closed day" },
    count: 2,
    severity: "error",
  });
  expect(holiday!.remark.en).toMatch(
    /It is kept out\. \(2 instruments, 2 days, 2 rows kept out, such as 000001\.SZ 2024-01-01\)$/,
  );
  expect(holiday!.remark.zh).toMatch(/已剔除。（2 只证券，2 天，剔除 2 行，例如 000001\.SZ 2024-01-01）$/);
  expect(gap).toMatchObject({ count: 4, severity: "warning" });
  expect(gap!.remark.en).toMatch(/\(2 instruments, 6 days, such as 000001\.SZ 2024-01-03 … 2024-01-04\)$/);
});

it("a clean report becomes no line", () => {
  const empty = new QualityReportBuilder().report({ source: "csv:x", shape: "mapped", calendar: "XSHG" });
  expect(qualityFindings(empty)).toEqual([]);
});
