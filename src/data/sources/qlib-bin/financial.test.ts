import { appendFileSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { isoOf } from "#market/day";
import { financialFields, readFinancial } from "./financial.ts";

const NONE = 0xffff_ffff;

/** A directory with one field of quarters: records of (date, period, value, next), index of offsets. */
function statements(
  records: readonly (readonly [number, number, number, number])[],
  index?: readonly number[],
): string {
  const root = mkdtempSync(path.join(os.tmpdir(), "pit-"));
  const folder = path.join(root, "financial", "sh600000");
  mkdirSync(folder, { recursive: true });
  const bytes = new DataView(new ArrayBuffer(records.length * 20));
  for (const [i, [date, period, value, next]] of records.entries()) {
    bytes.setUint32(i * 20, date, true);
    bytes.setUint32(i * 20 + 4, period, true);
    bytes.setFloat64(i * 20 + 8, value, true);
    bytes.setUint32(i * 20 + 16, next, true);
  }
  writeFileSync(path.join(folder, "roe_q.data"), bytes);
  if (index !== undefined)
    writeFileSync(path.join(folder, "roe_q.index"), new Uint8Array(Uint32Array.from(index).buffer));
  return root;
}

const good = [
  [20180420, 201801, 0.05, 40],
  [20180817, 201802, 0.11, NONE],
  [20180901, 201801, 0.06, NONE],
] as const;

it("records come in the order of announcement, revisions included", () => {
  const root = statements(good, [2018, 0, 20, NONE, NONE]);
  const records = readFinancial(root, "SH600000", "$$roe_q");
  expect([...records!.announced].map(isoOf)).toEqual(["2018-04-20", "2018-08-17", "2018-09-01"]);
  expect([...records!.periods]).toEqual([201801, 201802, 201801]);
  expect([...records!.values]).toEqual([0.05, 0.11, 0.06]);
  expect(financialFields(root, "SH600000")).toEqual(["roe_q"]);
});

it("an instrument or field that is not there has no records", () => {
  const root = statements(good);
  expect(readFinancial(root, "SH600000", "eps_q")).toBeUndefined();
  expect(readFinancial(root, "SZ000001", "roe_q")).toBeUndefined();
  expect(financialFields(root, "SZ000001")).toEqual([]);
});

it("a field that does not end in _q or _a is refused", () => {
  expect(() => readFinancial(statements(good), "SH600000", "roe")).toThrow(/quarters or years/);
});

it("damage is found and named", () => {
  const cut = statements(good);
  appendFileSync(path.join(cut, "financial/sh600000/roe_q.data"), "x");
  expect(() => readFinancial(cut, "SH600000", "roe_q")).toThrow(/roe_q\.data is 61 bytes long/);
  expect(() => readFinancial(statements([[20180230, 201801, 1, NONE]]), "SH600000", "roe_q")).toThrow(
    /record 1: 20180230 is not a date/,
  );
  expect(() => readFinancial(statements([[20180420, 201801, 1, 20]]), "SH600000", "roe_q")).toThrow(
    /record 1 points to byte 20/,
  );
  expect(() => readFinancial(statements(good, [2018, 20]), "SH600000", "roe_q")).toThrow(
    /roe_q\.index says that period 201801 is at byte 20/,
  );
});
