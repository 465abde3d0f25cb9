/** The quality rules over the real data: what they find, and that they find nothing that cannot be explained. */
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import type { LimitPrices } from "#data/quality/finding";
import { inspectSource } from "#data/quality/inspect-source";
import type { QualityReport } from "#data/quality/quality-report";
import { openBarSource } from "#data/sources/open-source";
import { calendarNamed } from "#market/calendar/exchange-calendars";
import { type InstrumentId, instrumentOf } from "#market/instrument";
import { dailyLimits } from "#market/trading-rules/daily-limits";

const root = resolve(import.meta.dirname, "..", "..");
const data = resolve(root, process.env["SHARED_DATA_DIR"] ?? "../shared/data");
const limits: LimitPrices = (id, rows, status) =>
  dailyLimits(instrumentOf(id) satisfies InstrumentId, rows, status);

async function inspected(path: string): Promise<QualityReport> {
  const source = await openBarSource(join(data, path));
  const { calendar } = await source.describe();
  return inspectSource(source, { calendar: calendarNamed(calendar), limits });
}

const counts = (report: QualityReport): Record<string, [findings: number, days: number]> =>
  Object.fromEntries(report.rules.map(({ rule, findings, days }) => [rule, [findings, days]]));

test("the shipped A-share file: the 12 bars of a holiday are found and kept out, the rest is explained", async () => {
  const report = await inspected("shippable/a-share-daily-2017-2019.parquet");
  expect(report).toMatchObject({ rows: 104_211, keptOut: 12 });
  const holiday = report.findings.filter(({ rule }) => rule === "holiday-bar");
  expect(holiday).toHaveLength(12);
  for (const finding of holiday) {
    expect(finding).toMatchObject({ day: "2017-05-30", severity: "error", action: "dropped" });
  }
  expect(counts(report)).toEqual({
    "holiday-bar": [12, 12],
    // Suspensions, which this source leaves out: 1,793 sessions of 56 instruments.
    "missing-sessions": [89, 1793],
    // Shanghai's official close was an average until the closing auction of 2018-08-20; the file has last trades: one
    // stretch for each of its 116 Shanghai stocks of that time, and no other difference left to explain.
    "reference-noise": [116, 12_135],
    "reference-across-gap": [7, 7],
  });
  for (const { instrument, day } of report.findings.filter(({ rule }) => rule === "reference-noise")) {
    expect(instrument).toMatch(/\.SH$/);
    expect(day < "2018-08-21", `${instrument} ${day}`).toBe(true);
  }
});

test("five years of the CSI 300: only the relisting of 000792.SZ breaks a limit", async () => {
  const report = await inspected("reference/csi300-daily-2020-2025.parquet");
  expect(counts(report)).toEqual({ suspended: [84, 712], "limit-broken": [1, 1], "large-move": [1, 1] });
  for (const { instrument, day } of report.findings.filter(({ rule }) => rule !== "suspended")) {
    expect([instrument, day]).toEqual(["000792.SZ", "2021-08-10"]);
  }
});

test("US equities: one lost session, QQQ's years under another ticker, and five real crashes and rallies", async () => {
  const report = await inspected("shippable/us-equity-daily");
  expect(report.findings.map(({ rule, instrument, day }) => `${rule} ${instrument} ${day}`)).toEqual([
    "large-move AAPL.US 2000-09-29",
    "large-move AIG.US 2008-09-15",
    "large-move AIG.US 2008-09-19",
    "large-move AIG.US 2009-03-16",
    "large-move AIG.US 2009-08-05",
    "moved-without-volume BNO.US 2010-11-16",
    "missing-sessions EEM.US 2003-08-15",
    "missing-sessions QQQ.US 2004-12-01",
  ]);
});

test.each([
  "shippable/btcusdt-1d.csv",
  "reference/fundamentals-chip/data/stock/raw/*_indiv_techin.csv",
  "reference/fundamentals-chip/data/etf/raw/*_indiv_d.csv",
])("%s: nothing to find", async (path) => {
  expect(counts(await inspected(path))).toEqual({});
});
