import { mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { DataError } from "#data/errors";
import { readQlibPanel } from "#data/sources/qlib-bin/panel";
import { dayOf } from "#market/day";
import type { Panel } from "#panel/panel";
import { panelOf, seriesOf } from "#panel/panel";
import type { SeriesTable } from "../series-table.ts";
import { tableOfPanel } from "../series-table.ts";
import { dumpQlib } from "./dump.ts";
import { qlibFields } from "./qlib-fields.ts";

const days = ["2024-01-02", "2024-01-03", "2024-01-04"];

function panel(columns: Record<string, readonly number[]>, instruments = ["B", "A"]): Panel<"market"> {
  return panelOf({
    role: "market",
    time: { freq: "day", days: Int32Array.from(days, dayOf) },
    instruments,
    first: Int32Array.of(0, 1),
    last: Int32Array.of(2, 2),
    columns: Object.entries(columns).map(([name, values]) => ({ name, values: Float64Array.from(values) })),
  });
}

const closes = { close: [1, Number.NaN, Number.NaN, 20, 3, 30] };

function place(): string {
  return path.join(mkdtempSync(path.join(os.tmpdir(), "dump-")), "store");
}

async function codeOf(action: Promise<unknown>): Promise<string> {
  const error: unknown = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof DataError ? error.code : String(error);
}

describe("dumpQlib", () => {
  it("writes what readQlibPanel reads, sorted, with TAB-separated spans", async () => {
    const out = place();
    const result = await dumpQlib(out, tableOfPanel(panel(closes)));
    expect(result).toEqual({ instruments: 2, files: 4, bytes: 16 + 12 + 33 + 48 });
    expect(readFileSync(path.join(out, "instruments/all.txt"), "utf8")).toBe(
      "A\t2024-01-03\t2024-01-04\nB\t2024-01-02\t2024-01-04\n",
    );
    expect(readFileSync(path.join(out, "calendars/day.txt"), "utf8")).toBe(`${days.join("\n")}\n`);
    const read = readQlibPanel(out);
    expect(read.instruments).toEqual(["A", "B"]);
    expect([...seriesOf(read, "close", 0)]).toEqual([20, 30]);
    expect([...seriesOf(read, "close", 1)]).toEqual([1, Number.NaN, 3]);
    expect(readdirSync(path.dirname(out))).toEqual(["store"]);
  });

  it("writes one bit pattern for NaN whatever the input's", async () => {
    const odd = new Float32Array(Uint32Array.of(0xffc0_0001, 0x7fc0_0000, 0x7f80_0001).buffer);
    const out = place();
    const table = panelOf({
      role: "market",
      time: { freq: "day", days: Int32Array.from(days, dayOf) },
      instruments: ["A"],
      first: Int32Array.of(0),
      last: Int32Array.of(2),
      columns: [{ name: "close", values: odd }],
    });
    await dumpQlib(out, tableOfPanel(table));
    const bytes = readFileSync(path.join(out, "features/a/close.day.bin"));
    expect([4, 8, 12].map((at) => bytes.readUInt32LE(at).toString(16))).toEqual([
      "7fc00000",
      "7fc00000",
      "7fc00000",
    ]);
  });

  it("writes codes in the form asked for and further markets beside all", async () => {
    const out = place();
    await dumpQlib(out, tableOfPanel(panel(closes, ["000001.SZ", "600000.SH"])), {
      codeOf: (id) => `${id.slice(7)}${id.slice(0, 6)}`,
      markets: new Map([
        ["csi300", [{ instrument: "000001.SZ", start: dayOf(days[0]!), end: dayOf(days[1]!) }]],
      ]),
    });
    expect(readdirSync(path.join(out, "features"))).toEqual(["sh600000", "sz000001"]);
    expect(readFileSync(path.join(out, "instruments/csi300.txt"), "utf8")).toBe(
      "SZ000001\t2024-01-02\t2024-01-03\n",
    );
  });

  it("replaces a Qlib directory only when told to, and never another folder", async () => {
    const out = place();
    await dumpQlib(out, tableOfPanel(panel(closes)));
    const again = tableOfPanel(panel({ close: closes.close.map((value) => value * 2) }));
    expect(await codeOf(dumpQlib(out, again))).toBe("DATA_NOT_PERMITTED");
    expect([...seriesOf(readQlibPanel(out), "close", 0)]).toEqual([20, 30]);
    await dumpQlib(out, again, { overwrite: true });
    expect([...seriesOf(readQlibPanel(out), "close", 0)]).toEqual([40, 60]);
    const home = place();
    mkdirSync(home);
    writeFileSync(path.join(home, "diary.txt"), "");
    expect(await codeOf(dumpQlib(home, again, { overwrite: true }))).toBe("DATA_NOT_PERMITTED");
    expect(readdirSync(home)).toEqual(["diary.txt"]);
  });

  it("leaves the old directory as it was when the data fails half-way", async () => {
    const out = place();
    const good = tableOfPanel(panel(closes));
    await dumpQlib(out, good);
    const bad: SeriesTable = {
      ...good,
      async *series() {
        for await (const series of good.series()) {
          yield series;
          throw new Error("the source broke");
        }
      },
    };
    await expect(dumpQlib(out, bad, { overwrite: true })).rejects.toThrow("the source broke");
    expect(readQlibPanel(out).instruments).toEqual(["A", "B"]);
    expect(readdirSync(path.dirname(out))).toEqual(["store"]);
  });

  it("puts the old directory back when a crash fell between the two renames", async () => {
    const out = place();
    await dumpQlib(out, tableOfPanel(panel(closes)));
    renameSync(out, path.join(path.dirname(out), ".store.replaced"));
    expect(await codeOf(dumpQlib(out, tableOfPanel(panel(closes))))).toBe("DATA_NOT_PERMITTED");
    expect(readQlibPanel(out).instruments).toEqual(["A", "B"]);
  });

  it("stops when cancelled and leaves nothing", async () => {
    const out = place();
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(dumpQlib(out, tableOfPanel(panel(closes)), { signal })).rejects.toThrow("enough");
    expect(readdirSync(path.dirname(out))).toEqual([]);
  });

  it("refuses names that are no files of Qlib's and names that differ in case only", async () => {
    const values = closes.close;
    expect(await codeOf(dumpQlib(place(), tableOfPanel(panel({ "../x": values }))))).toBe(
      "DATA_VALUE_INVALID",
    );
    expect(await codeOf(dumpQlib(place(), tableOfPanel(panel({ MA5: values, ma5: values }))))).toBe(
      "DATA_VALUE_INVALID",
    );
    expect(await codeOf(dumpQlib(place(), tableOfPanel(panel(closes, ["A", "../B"]))))).toBe(
      "DATA_INSTRUMENT_INVALID",
    );
    expect(await codeOf(dumpQlib(place(), tableOfPanel(panel(closes, ["A", "a"]))))).toBe(
      "DATA_INSTRUMENT_TWICE",
    );
  });
});

describe("qlibFields", () => {
  const bars = {
    close: [10, 1, 20, 1, 30, 1],
    volume: [6, 1, 0, 1, 9, 1],
    amount: [60, 1, 0, 1, 270, 1],
    factor: [1, 1, 1.5, 1, 2, 1],
  };

  async function adjusted(adjustment: string): Promise<ReadonlyMap<string, Float32Array | Float64Array>> {
    const table = tableOfPanel(panel(bars));
    const marked: SeriesTable = {
      ...table,
      async *series() {
        for await (const series of table.series()) yield { ...series, attributes: { adjustment } };
      },
    };
    for await (const series of qlibFields(marked).series())
      if (series.instrument === "B") return series.columns;
    throw new Error("no series");
  }

  it("multiplies prices and divides volumes of raw bars by the factor", async () => {
    const columns = await adjusted("raw");
    expect([...columns.get("close")!]).toEqual([10, 30, 60]);
    expect([...columns.get("volume")!]).toEqual([6, 0, 4.5]);
    expect([...columns.get("vwap")!]).toEqual([10, Number.NaN, 60]);
    expect([...columns.get("amount")!]).toEqual([60, 0, 270]);
    expect([...columns.get("factor")!]).toEqual([1, 1.5, 2]);
  });

  it("uses adjusted bars as they are and makes up no vwap for them", async () => {
    const columns = await adjusted("qfq");
    expect([...columns.get("close")!]).toEqual([10, 20, 30]);
    expect([...columns.get("volume")!]).toEqual([6, 0, 9]);
    expect([...columns.get("vwap")!]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });
});
