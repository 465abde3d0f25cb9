import { appendFileSync, mkdirSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { DataError } from "../../../errors.ts";
import { smallDirectory } from "../testing/small-directory.ts";
import { checkQlibDirectory, type HealthOptions } from "./check-directory.ts";
import type { HealthReport } from "./health-report.ts";
import { healthRuleNames, type HealthRuleName } from "./health-rules.ts";

const { NaN: none } = Number;
/** A fortnight of Shanghai's sessions. */
const calendar = ["02", "03", "04", "05", "08", "09", "10", "11", "12", "15"].map((day) => `2024-01-${day}`);
const flat = (value: number): number[] => calendar.map(() => value);
const well = {
  open: flat(10),
  high: flat(10.2),
  low: flat(9.8),
  close: [10, 10.1, 10, 10, 10, 10, 10, 10, 10, 10],
  volume: flat(1000),
  factor: flat(1),
};
type Fields = Record<string, readonly number[]>;

/** A directory without a fault, with the fields of one instrument replaced; `null` leaves a field out. */
function directory(changed: Record<string, readonly number[] | null> = {}): string {
  const features: Record<string, readonly [number, ...number[]]> = {};
  const add = (folder: string, fields: Fields): void => {
    for (const [name, values] of Object.entries(fields)) features[`${folder}/${name}`] = [0, ...values];
  };
  add("sh000300", well);
  const own = Object.entries({ ...well, ...changed }).filter((entry) => entry[1] !== null);
  add("sh600000", Object.fromEntries(own) as Fields);
  return smallDirectory({
    calendar,
    markets: {
      "all.txt": "SH000300\t2024-01-02\t2024-01-15\nSH600000\t2024-01-02\t2024-01-15\n",
    },
    features,
  });
}

function rulesOf({ rules }: HealthReport): HealthRuleName[] {
  return rules.map(({ rule }) => rule);
}

const at = (index: number, value: number, values: readonly number[]): number[] => values.with(index, value);
const write = (root: string, file: string, text: string): void => writeFileSync(path.join(root, file), text);

/** Rule → a directory that has this fault and no other, unless more are named. */
const faults: Partial<
  Record<HealthRuleName, { readonly root: () => string; readonly also?: readonly HealthRuleName[] }>
> = {
  "column-missing": { root: () => directory({ volume: null }) },
  "data-missing": { root: () => directory({ high: at(4, none, well.high) }) },
  "large-step": {
    root: () =>
      directory(
        Object.fromEntries(["open", "high", "low", "close"].map((name) => [name, flat(10).fill(16, 3)])),
      ),
  },
  "factor-missing": { root: () => directory({ factor: null }) },
  "volume-step": { root: () => directory({ volume: at(4, 9000, well.volume) }) },
  "suspended-days": {
    root: () =>
      directory({
        ...Object.fromEntries(
          (["open", "high", "low", "close"] as const).map((name) => [name, at(4, none, well[name])]),
        ),
        volume: at(4, 0, well.volume),
      }),
    also: ["volume-step"],
  },
  "calendar-missing": {
    root: () => {
      const root = directory();
      rmSync(path.join(root, "calendars/day.txt"));
      return root;
    },
  },
  "calendar-line": {
    root: () => {
      const root = directory();
      write(root, "calendars/day.txt", `${calendar.join("\n")}\nnever\n`);
      return root;
    },
  },
  "calendar-order": {
    root: () => {
      const root = directory();
      write(root, "calendars/day.txt", `${calendar.join("\n")}\n2024-01-10\n`);
      return root;
    },
  },
  "calendar-closed-day": {
    root: () => {
      const root = directory();
      write(root, "calendars/day.txt", `${calendar.join("\n")}\n2024-01-20\n`);
      return root;
    },
    also: ["calendar-gap"],
  },
  "calendar-gap": {
    root: () => {
      const root = directory();
      write(root, "calendars/day.txt", `${calendar.join("\n")}\n2024-01-17\n`);
      return root;
    },
  },
  "market-missing": {
    root: () => {
      const root = directory();
      renameSync(path.join(root, "instruments/all.txt"), path.join(root, "instruments/csi300.txt"));
      return root;
    },
  },
  "market-separator": {
    root: () => {
      const root = directory();
      write(root, "instruments/csi300.txt", "SH600000 2024-01-02 2024-01-15\n");
      return root;
    },
  },
  "market-line": {
    root: () => {
      const root = directory();
      write(root, "instruments/csi300.txt", "SH600000\t2024-01-15\t2024-01-02\n");
      return root;
    },
  },
  "market-duplicate": {
    root: () => {
      const root = directory();
      const line = (start: string, end: string): string => `SH600000\t2024-01-${start}\t2024-01-${end}\n`;
      write(root, "instruments/csi300.txt", line("02", "05") + line("08", "12"));
      write(root, "instruments/csi500.txt", line("02", "05") + line("05", "12"));
      return root;
    },
  },
  "market-unknown": {
    root: () => {
      const root = directory();
      appendFileSync(path.join(root, "instruments/all.txt"), "SZ000001\t2024-01-02\t2024-01-15\n");
      return root;
    },
  },
  "market-unlisted": {
    root: () => {
      const root = directory();
      write(root, "instruments/all.txt", "SH600000\t2024-01-02\t2024-01-15\n");
      return root;
    },
  },
  "market-span": {
    root: () => {
      const root = directory();
      write(
        root,
        "instruments/all.txt",
        "SH000300\t2024-01-02\t2024-01-15\nSH600000\t2024-01-03\t2024-01-15\n",
      );
      return root;
    },
  },
  "folder-case": {
    root: () => {
      const root = directory();
      renameSync(path.join(root, "features/sh600000"), path.join(root, "features/SH600000"));
      return root;
    },
  },
  "benchmark-missing": {
    root: () => {
      const root = directory();
      rmSync(path.join(root, "features/sh000300"), { recursive: true });
      write(root, "instruments/all.txt", "SH600000\t2024-01-02\t2024-01-15\n");
      return root;
    },
  },
  "update-unfinished": {
    root: () => {
      const root = directory();
      const shown = { generation: 4, writtenAt: 0, features: [], stored: [] };
      const record = {
        engine: "1",
        store: "XSHG/day",
        ...shown,
        codes: "qlib",
        vwap: "amount",
        extra: false,
        sets: [],
      };
      write(root, "export.json", JSON.stringify({ ...record, updating: [{ ...shown, generation: 5 }] }));
      return root;
    },
  },
  "file-size": {
    root: () => {
      const root = directory();
      truncateSync(path.join(root, "features/sh600000/factor.day.bin"), 9);
      return root;
    },
    also: ["factor-missing"],
  },
  "start-row": {
    root: () => {
      const root = directory({ extra: flat(1) });
      writeFileSync(
        path.join(root, "features/sh600000/extra.day.bin"),
        new Uint8Array(Float32Array.of(-1, 1).buffer),
      );
      return root;
    },
  },
  "beyond-calendar": {
    root: () => {
      const root = directory();
      appendFileSync(path.join(root, "features/sh600000/close.day.bin"), new Uint8Array(4));
      return root;
    },
  },
  "fields-differ": {
    root: () => {
      const root = directory({ extra: flat(1) });
      truncateSync(path.join(root, "features/sh600000/extra.day.bin"), 40);
      return root;
    },
  },
  "value-infinite": {
    root: () => directory({ volume: at(9, Number.POSITIVE_INFINITY, well.volume) }),
  },
  "price-invalid": {
    root: () => directory({ volume: at(9, -1000, well.volume) }),
  },
  "ohlc-order": { root: () => directory({ close: at(4, 10.3, well.close) }) },
  "factor-invalid": { root: () => directory({ factor: at(4, 0, well.factor) }) },
  "factor-without-price": {
    root: () =>
      directory({
        factor: flat(1).fill(2, 5),
        open: flat(10).fill(20, 5),
        high: flat(10.2).fill(20.4, 5),
        low: flat(9.8).fill(19.6, 5),
        close: flat(10).fill(20, 5),
      }),
    also: ["large-step"],
  },
  "price-without-factor": {
    root: () =>
      directory(
        Object.fromEntries(["open", "high", "low", "close"].map((name) => [name, flat(10).fill(6, 7)])),
      ),
  },
  "field-empty": { root: () => directory({ ma5: flat(none) }) },
  "field-sparse": { root: () => directory({ ma5: flat(none).fill(1, 7) }) },
};

describe("checkQlibDirectory", () => {
  it("finds nothing in a directory without a fault", async () => {
    const report = await checkQlibDirectory(directory());
    expect(report).toMatchObject({
      healthy: true,
      calendar: "XSHG",
      days: 10,
      instruments: 2,
      files: 12,
      fields: ["close", "factor", "high", "low", "open", "volume"],
      rules: [],
    });
  });

  it.each(healthRuleNames)("finds %s where it is, and nothing else", async (rule) => {
    const fault = faults[rule];
    if (fault === undefined) throw new Error(`no example of ${rule}`);
    // Without a calendar or a list there is nothing to compare with.
    const report = await checkQlibDirectory(fault.root());
    expect(rulesOf(report).sort()).toEqual([rule, ...(fault.also ?? [])].sort());
    const found = report.rules.find((each) => each.rule === rule)!;
    expect(found.listed[0]!.found).not.toBe("");
    expect(report.healthy).toBe(report.rules.every(({ severity }) => severity !== "error"));
  });

  it("has limits that can be set, as Qlib's script has", async () => {
    const seen = async (changed: Fields, options: HealthOptions): Promise<HealthRuleName[]> =>
      rulesOf(await checkQlibDirectory(directory(changed), options));
    const high = at(4, none, well.high);
    expect(await seen({ high }, { limits: { missing: 1 } })).toEqual([]);
    expect(await seen({}, { limits: { priceStep: 0.005 } })).toEqual(["large-step"]);
    expect(await seen({}, { benchmark: "SH000905" })).toEqual(["benchmark-missing"]);
    expect(await seen({}, { benchmark: "000300.SH" })).toEqual([]);
  });

  it("finds what appending without a look at the calendar leaves", async () => {
    // Suspended on the days of rows 4 and 5: Qlib's dump_update appends the value of row 6 right behind row 3.
    const shifted = directory();
    for (const name of ["open", "high", "low", "close", "volume", "factor"]) {
      const file = path.join(shifted, "features/sh600000", `${name}.day.bin`);
      truncateSync(file, 4 + 4 * 8);
    }
    expect(rulesOf(await checkQlibDirectory(shifted))).toEqual(["market-span"]);
    // Run again after a crash it appends the same days twice.
    const twice = directory();
    for (const name of ["close", "open"])
      appendFileSync(path.join(twice, "features/sh600000", `${name}.day.bin`), new Uint8Array(8));
    expect(rulesOf(await checkQlibDirectory(twice))).toEqual(["beyond-calendar"]);
  });

  it("refuses what is no Qlib directory", async () => {
    const root = directory();
    mkdirSync(path.join(root, "empty"));
    const refused = checkQlibDirectory(path.join(root, "empty"));
    await expect(refused).rejects.toBeInstanceOf(DataError);
    await expect(refused).rejects.toMatchObject({ code: "DATA_FILE_MISSING" });
  });
});
