import { array, assert, double, integer, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { calendarNamed } from "#market/calendar/exchange-calendars";
import { dayOf, isoOf } from "#market/day";
import { sentenceOf } from "./finding-sentence.ts";
import type { InspectionContext, InstrumentRows } from "./finding.ts";
import { inspectRows } from "./inspect.ts";
import { renderQualityPage } from "./quality-page.ts";
import { QualityReportBuilder } from "./quality-report.ts";
import { ruleNames, rules } from "./rule-catalogue.ts";

const calendar = calendarNamed("XSHG");
const context: InspectionContext = { calendar };
const days = calendar.sessionsBetween(dayOf("2024-01-02"), dayOf("2024-02-08"));

/** Clean rows: every session, closes that differ, preclose the close before. */
function clean(count = days.length): InstrumentRows {
  const close = Float64Array.from({ length: count }, (_, row) => 10 + (row % 7) / 100);
  const column = (value: (row: number) => number): Float64Array =>
    Float64Array.from({ length: count }, (_, row) => value(row));
  return {
    instrument: "000001.SZ",
    days: days.slice(0, count),
    columns: new Map([
      ["open", close.slice()],
      ["high", column((row) => close[row]! + 0.05)],
      ["low", column((row) => close[row]! - 0.05)],
      ["close", close],
      ["preclose", column((row) => (row === 0 ? 10 : close[row - 1]!))],
      ["volume", column((row) => 1000 + row)],
      ["amount", column((row) => (1000 + row) * close[row]!)],
    ]),
  };
}

function changed(change: (set: (name: string, row: number, value: number) => void) => void): InstrumentRows {
  const rows = clean();
  change((name, row, value) => {
    rows.columns.get(name)![row] = value;
  });
  return rows;
}

/** Rows without those at some places, or with some repeated. */
function picked(rows: InstrumentRows, places: readonly number[]): InstrumentRows {
  return {
    ...rows,
    days: Int32Array.from(places, (row) => rows.days[row]!),
    columns: new Map(
      [...rows.columns].map(([name, values]) => [name, Float64Array.from(places, (row) => values[row]!)]),
    ),
  };
}

const all = [...days.keys()];
const found = (rows: InstrumentRows, extra: Partial<InspectionContext> = {}): string[] =>
  inspectRows(rows, { ...context, ...extra }).findings.map(({ rule, day }) => `${rule} ${isoOf(day)}`);

test("clean rows give no finding and are all kept", () => {
  const inspection = inspectRows(clean(), context);
  expect(inspection.findings).toEqual([]);
  expect(inspection.keep).not.toContain(0);
  expect(inspection.coverage).toEqual({
    sessions: days.length,
    traded: days.length,
    suspended: 0,
    missing: 0,
  });
});

describe("rows", () => {
  test("a bar on a holiday is an error and kept out", () => {
    const rows = clean();
    rows.days[0] = dayOf("2024-01-01");
    const inspection = inspectRows(rows, context);
    expect(inspection.findings).toEqual([
      expect.objectContaining({
        rule: "holiday-bar",
        day: dayOf("2024-01-01"),
        severity: "error",
        action: "dropped",
      }),
    ]);
    expect([...inspection.keep].indexOf(0)).toBe(0);
    expect([...inspection.keep].lastIndexOf(0)).toBe(0);
  });

  test("a date that the calendar does not reach is kept out", () => {
    const rows = clean();
    rows.days[0] = dayOf("2090-01-02");
    expect(found(rows)).toEqual(["outside-calendar 2090-01-02"]);
  });

  test("identical duplicates are merged, conflicting ones refuse the instrument", () => {
    const twice = picked(clean(), [...all, 3]);
    expect(found(twice)).toEqual([`duplicate-identical ${isoOf(days[3]!)}`]);
    expect([...inspectRows(twice, context).keep].lastIndexOf(0)).toBe(all.length);
    twice.columns.get("close")![all.length] = 10.02;
    expect(inspectRows(twice, context).findings).toContainEqual(
      expect.objectContaining({ rule: "duplicate-conflict", action: "refused" }),
    );
  });

  test("missing sessions come as stretches with their length", () => {
    const rows = picked(
      clean(),
      all.filter((row) => row < 3 || row > 5),
    );
    const [gap] = inspectRows(rows, context).findings.filter(({ rule }) => rule === "missing-sessions");
    expect(gap).toMatchObject({ day: days[3], lastDay: days[5], count: 3 });
  });

  test("suspended rows are no gap", () => {
    const rows = changed((set) => {
      for (const row of [4, 5]) {
        for (const name of ["open", "high", "low", "close"]) set(name, row, Number.NaN);
        for (const name of ["volume", "amount"]) set(name, row, 0);
        set("preclose", row, clean().columns.get("close")![3]!);
      }
      set("preclose", 6, clean().columns.get("close")![3]!);
    });
    const inspection = inspectRows(rows, context);
    expect(inspection.findings).toEqual([
      expect.objectContaining({
        rule: "suspended",
        day: days[4],
        lastDay: days[5],
        count: 2,
        severity: "note",
      }),
    ]);
    expect(inspection.keep).not.toContain(0);
  });
});

const repeat = (count: number): InstrumentRows =>
  changed((set) => {
    for (const name of ["open", "high", "low", "close", "volume", "amount"]) {
      for (let row = 8; row < 8 + count; row++) set(name, row, clean().columns.get(name)![8]!);
    }
    for (let row = 9; row <= 8 + count; row++) set("preclose", row, clean().columns.get("close")![8]!);
  });

const limits: InspectionContext["limits"] = (_, { reference }, { listedOn }) => ({
  up: reference.map((price, row) => (days[row] === listedOn ? Number.NaN : price * 1.1)),
  down: reference.map((price) => price * 0.9),
});

describe("bars", () => {
  const day = isoOf(days[8]!);
  test.each([
    ["a high below the close", "high", 9, `ohlc-order ${day}`],
    ["a low above the open", "low", 12, `ohlc-order ${day}`],
    ["a price of zero", "open", 0, `price-invalid ${day}`],
    ["a negative price", "low", -1, `price-invalid ${day}`],
    ["an infinite price", "high", Number.POSITIVE_INFINITY, `price-invalid ${day}`],
    ["a negative volume", "volume", -5, `volume-negative ${day}`],
    ["a move without volume", "volume", 0, `moved-without-volume ${day}`],
    ["an amount in another unit", "amount", 1008 * 10 * 1000, `unit-jump ${day}`],
    ["a preclose above the close before", "preclose", 11, `reference-above-close ${day}`],
  ])("%s is found", (_, name, value, expected) => {
    const rows = changed((set) => set(name, 8, value));
    expect(found(rows)).toContain(expected);
    expect(found(clean())).not.toContain(expected);
  });

  test("prices in another unit from some day on are found, though preclose follows", () => {
    const rows = changed((set) => {
      for (const name of ["open", "high", "low", "close"]) {
        for (let row = 8; row < all.length; row++) set(name, row, clean().columns.get(name)![row]! * 100);
      }
    });
    expect(found(rows)).toContain(`unit-jump ${day}`);
  });

  test("a move of more than half is found, and not when the factor explains it", () => {
    const halved = changed((set) => {
      for (const name of ["open", "high", "low", "close", "preclose"]) {
        for (let row = 8; row < all.length; row++) set(name, row, clean().columns.get(name)![row]! / 4);
      }
    });
    halved.columns.get("preclose")!.fill(Number.NaN);
    expect(found(halved)).toContain(`large-move ${day}`);
    const factor = Float64Array.from(all, (row) => (row < 8 ? 1 : 4));
    const explained = { ...halved, columns: new Map([...halved.columns, ["factor", factor]]) };
    expect(found(explained)).toEqual([]);
  });

  test("a factor that steps where the preclose does not is found", () => {
    const rows = clean();
    const factor = Float64Array.from(all, (row) => (row < 8 ? 1 : 2));
    expect(found({ ...rows, columns: new Map([...rows.columns, ["factor", factor]]) })).toEqual([
      `factor-mismatch ${day}`,
    ]);
  });

  test("three equal days are stale, two are not", () => {
    expect(found(repeat(3))).toEqual([`stale-price ${day}`]);
    expect(found(repeat(2))).toEqual([]);
  });

  test("small differences of the preclose are one note when the source is known for them", () => {
    const rows = changed((set) => {
      for (const row of [5, 9, 12]) set("preclose", row, clean().columns.get("close")![row - 1]! * 1.002);
    });
    expect(found(rows).filter((each) => each.startsWith("reference-above-close"))).toHaveLength(3);
    const abroad = { ...rows, instrument: "AAPL.US" };
    const [note, ...others] = inspectRows(abroad, { ...context, exDayTolerance: 0.005 }).findings;
    expect(note).toMatchObject({ rule: "reference-noise", count: 3, severity: "note" });
    expect(others).toEqual([]);
    const official = inspectRows(rows, { ...context, exDayTolerance: 0.005 }).findings;
    expect(official.map(({ rule }) => rule)).toEqual(Array(3).fill("reference-above-close"));
  });

  test("a preclose that differs across missing rows is named as such", () => {
    const rows = picked(
      changed((set) => set("preclose", 6, 9)),
      all.filter((row) => row < 3 || row > 5),
    );
    expect(found(rows)).toContain(`reference-across-gap ${isoOf(days[6]!)}`);
  });

  test("limits are asked of the port, with the day of listing", () => {
    const rows = changed((set) => {
      set("high", 0, 14);
      set("high", 8, 14);
    });
    expect(found(rows, { limits }).filter((each) => each.startsWith("limit-broken"))).toHaveLength(2);
    expect(found(rows, { limits, listedOn: () => days[0] })).toEqual([`limit-broken ${day}`]);
    expect(found(rows, { limits, adjustment: "hfq" })).toEqual([]);
  });
});

test("the order of rows does not matter", () => {
  const rows = changed((set) => {
    set("high", 8, 9);
    set("volume", 3, 0);
  });
  const expected = inspectRows(rows, context).findings;
  assert(
    property(
      array(integer({ min: 0, max: 1000 }), { minLength: all.length, maxLength: all.length }),
      (keys) => {
        const order = [...all].sort((a, b) => keys[a]! - keys[b]! || a - b);
        expect(inspectRows(picked(rows, order), context).findings).toEqual(expected);
      },
    ),
    { numRuns: 30 },
  );
});

test("any numbers at all are inspected without a crash, and no invalid price is kept", () => {
  assert(
    property(array(double(), { minLength: 5, maxLength: 40 }), (values) => {
      const rows = clean(Math.min(values.length, days.length));
      for (const [row, value] of values.slice(0, rows.days.length).entries())
        rows.columns.get("close")![row] = value;
      const { keep } = inspectRows(rows, context);
      const close = rows.columns.get("close")!;
      const kept = [...close].filter((value, row) => keep[row] === 1 && !Number.isNaN(value));
      expect(kept.filter((value) => !(value > 0 && Number.isFinite(value)))).toEqual([]);
    }),
    { numRuns: 100 },
  );
});

test("a finding reads as a sentence", () => {
  const rows = clean();
  rows.days[0] = dayOf("2024-01-01");
  const [holiday] = inspectRows(rows, context).findings;
  expect(sentenceOf(holiday!)).toBe("Bar on a closed day: 10, expected no bar: XSHG was closed (kept out)");
  const gap = inspectRows(
    picked(
      clean(),
      all.filter((row) => row < 3 || row > 5),
    ),
    context,
  ).findings;
  expect(gap.map(sentenceOf)).toContain(`Sessions without a row to ${isoOf(days[5]!)}, 3 rows or days`);
});

describe("the report", () => {
  const rows = changed((set) => set("high", 8, 9));
  const builder = new QualityReportBuilder();
  builder.add(inspectRows(rows, context));
  builder.add(inspectRows({ ...clean(), instrument: "<b>&" }, context));
  const report = builder.report({ source: "csv:a<b>.csv", shape: "a-share-daily", calendar: "XSHG" });

  test("counts by rule and covers every instrument", () => {
    expect(report).toMatchObject({
      version: 1,
      rows: 2 * days.length,
      keptOut: 0,
      refusedRows: 0,
      findingsLeftOut: 0,
      first: "2024-01-02",
      last: "2024-02-08",
    });
    expect(report.rules).toEqual([
      { rule: "ohlc-order", severity: "error", findings: 1, days: 1, instruments: 1, dropped: 0 },
    ]);
    expect(report.instruments.map(({ instrument, errors, years }) => [instrument, errors, years])).toEqual([
      ["000001.SZ", 1, [[2024, days.length, days.length]]],
      ["<b>&", 0, [[2024, days.length, days.length]]],
    ]);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  test.each(["zh", "en"] as const)(
    "makes a page in %s that needs no network and escapes what it shows",
    (language) => {
      const page = renderQualityPage(report, language);
      expect(page).toContain(rules["ohlc-order"].title[language]);
      expect(page).toContain(rules["ohlc-order"].meaning[language]);
      expect(page).not.toMatch(/https?:|<script|<link|@import|url\(/);
      expect(page).not.toContain("<b>&");
      expect(page).not.toContain("a<b>.csv");
      expect(page).toContain("000001.SZ");
    },
  );

  test("every rule has a title and a meaning in both languages", () => {
    for (const name of ruleNames) {
      for (const language of ["zh", "en"] as const) {
        expect(rules[name].title[language].length).toBeGreaterThan(1);
        expect(rules[name].meaning[language].length).toBeGreaterThan(5);
      }
    }
  });
});
