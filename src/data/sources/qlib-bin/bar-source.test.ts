import { expect, it } from "vitest";
import type { BarBatch } from "#data/source";
import { calendarNamed } from "#market/calendar/exchange-calendars";
import { dayOf, isoOf } from "#market/day";
import { QlibBars } from "./bar-source.ts";
import { smallDirectory } from "./testing/small-directory.ts";

const calendar = ["2024-01-02", "2024-01-03", "2024-01-04"];

function example(features: Record<string, readonly [number, ...number[]]> = {}): string {
  return smallDirectory({
    calendar,
    features: {
      "sh600000/close": [0, 1, Number.NaN, 3],
      "sh600000/factor": [1, 0.5],
      "e1/close": [2, 7],
      ...features,
    },
  });
}

async function batchesOf(batches: AsyncIterable<BarBatch>): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const batch of batches) {
    const columns = [...batch.columns].map(([name, values]) => [name, ...values]);
    found.push([batch.instruments[0], [...batch.days].map(isoOf), columns]);
  }
  return found;
}

it("a directory delivers the rows of its files under canonical ids, unknown ids as they are", async () => {
  expect(await batchesOf(new QlibBars(example()).bars())).toEqual([
    [
      "E1",
      ["2024-01-04"],
      [
        ["close", 7],
        ["factor", Number.NaN],
      ],
    ],
    [
      "600000.SH",
      calendar,
      [
        ["close", 1, Number.NaN, 3],
        ["factor", Number.NaN, 0.5, Number.NaN],
      ],
    ],
  ]);
});

it("a request restricts rows and instruments", async () => {
  const bars = new QlibBars(example()).bars({
    start: dayOf("2024-01-03"),
    end: dayOf("2024-01-03"),
    instruments: new Set(["600000.SH", "E1"]),
  });
  expect(await batchesOf(bars)).toEqual([
    [
      "600000.SH",
      ["2024-01-03"],
      [
        ["close", Number.NaN],
        ["factor", 0.5],
      ],
    ],
  ]);
});

it("is described as adjusted, with the calendar of its instruments and why", async () => {
  const description = await new QlibBars(example(), "qlib:there").describe();
  expect(description).toMatchObject({ locator: "qlib:there", calendar: "XSHG", adjustment: { kind: "hfq" } });
  expect(description.fields).toEqual([
    { name: "close", unit: "CNY", from: "close.day.bin" },
    { name: "factor", unit: "ratio", from: "factor.day.bin" },
  ]);
  expect(description.reasons.join("; ")).toMatch(
    /used as they are; 1 of 2 instruments are of an exchange with calendar XSHG/,
  );
});

it("unknown instruments follow the calendar their days are sessions of, or every day", async () => {
  const { sessions } = calendarNamed("XNYS");
  const american = Array.from(sessions.slice(9000, 9300), isoOf);
  const days = Array.from({ length: 300 }, (_, i) => isoOf(dayOf("2023-01-01") + i));
  for (const [dates, expected] of [
    [american, "XNYS"],
    [days, "24x7"],
  ] as const) {
    const root = smallDirectory({ calendar: dates, features: { "e1/close": [0, 1] } });
    expect((await new QlibBars(root).describe()).calendar).toBe(expected);
  }
});

it("two folders of one instrument are refused", async () => {
  const bars = new QlibBars(example({ "600000.sh/close": [0, 1] })).bars();
  await expect(batchesOf(bars)).rejects.toThrow(/600000\.SH and SH600000 are both 600000\.SH/);
});

it("a directory that is not there is refused before anything is read", async () => {
  await expect(new QlibBars("nowhere").describe()).rejects.toMatchObject({ code: "DATA_FILE_MISSING" });
});
