import { expect, it } from "vitest";
import { inspectRows } from "#data/quality/inspect";
import { QualityReportBuilder } from "#data/quality/quality-report";
import { calendarNamed } from "#market/calendar/exchange-calendars";
import { dayOf } from "#market/day";
import { qualityFindings } from "./quality-findings.ts";

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
  expect(holiday!.remark.en).toMatch(/It is kept out\. 2 instruments, such as 000001\.SZ 2024-01-01\.$/);
  expect(holiday!.remark.zh).toMatch(/已剔除。涉及 2 只证券，例如 000001\.SZ 2024-01-01。$/);
  expect(gap).toMatchObject({ count: 4, severity: "warning" });
  expect(gap!.remark.en).toMatch(/2 instruments, 6 days, such as 000001\.SZ 2024-01-03…2024-01-04\.$/);
});

it("a clean report becomes no line", () => {
  const empty = new QualityReportBuilder().report({ source: "csv:x", shape: "mapped", calendar: "XSHG" });
  expect(qualityFindings(empty)).toEqual([]);
});
