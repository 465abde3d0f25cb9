import { appendFileSync, mkdtempSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeFeature } from "./feature-bytes.ts";
import { FeaturePatcher } from "./patch-features.ts";

const { NaN: none } = Number;

function place(): { readonly folder: string; readonly file: string; readonly patcher: FeaturePatcher } {
  const folder = mkdtempSync(path.join(os.tmpdir(), "patch-"));
  return { folder, file: path.join(folder, "close.day.bin"), patcher: new FeaturePatcher(folder) };
}

/** The start row and the values of a file. */
function read(file: string): number[] {
  const bytes = readFileSync(file);
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4));
}

describe("FeaturePatcher", () => {
  it("puts the days after a suspension where the calendar has them", () => {
    const { file, patcher } = place();
    // Rows 2, 3 and 4 of the calendar; suspended on 5 and 6, traded on 7.
    writeFileSync(file, encodeFeature(2, Float32Array.of(10, 11, 12)));
    const values = Float32Array.of(none, none, 13);
    expect(patcher.patch(file, { start: 2, length: 6, from: 5, values })).toBe("written");
    expect(read(file)).toEqual([2, 10, 11, 12, none, none, 13]);
    // Qlib's dump_update appends the rows that the source has behind the last one: 13 becomes the value of row 5.
    const theirs = place().file;
    writeFileSync(theirs, encodeFeature(2, Float32Array.of(10, 11, 12)));
    appendFileSync(theirs, new Uint8Array(Float32Array.of(13).buffer));
    expect(read(theirs)).toEqual([2, 10, 11, 12, 13]);
  });

  it("writes a day once, however often an update is begun again", () => {
    const { file, patcher } = place();
    writeFileSync(file, encodeFeature(0, Float32Array.of(10, 11)));
    const part = { start: 0, length: 3, from: 2, values: Float32Array.of(12) };
    expect([patcher.patch(file, part), patcher.patch(file, part)]).toEqual(["written", "same"]);
    expect(read(file)).toEqual([0, 10, 11, 12]);
    // Qlib's dump_update notes the new last day when all files are written: after a crash it appends the day again.
    const theirs = place().file;
    writeFileSync(theirs, encodeFeature(0, Float32Array.of(10, 11)));
    for (let run = 0; run < 2; run++) appendFileSync(theirs, new Uint8Array(Float32Array.of(12).buffer));
    expect(read(theirs)).toEqual([0, 10, 11, 12, 12]);
    // What was appended twice is cut.
    expect(patcher.patch(theirs, part)).toBe("written");
    expect(read(theirs)).toEqual([0, 10, 11, 12]);
  });

  it.each([
    ["no file", () => undefined],
    ["an empty file", (file: string) => writeFileSync(file, "")],
    ["a cut value", (file: string) => truncateSync(file, 10)],
    ["too few values before the part", (file: string) => truncateSync(file, 8)],
    ["another start row", (file: string) => writeFileSync(file, encodeFeature(1, Float32Array.of(1, 2, 3)))],
  ])("says that a part does not fit: %s", (_, change) => {
    const { file, patcher } = place();
    if (_ !== "no file") writeFileSync(file, encodeFeature(0, Float32Array.of(10, 11)));
    change(file);
    expect(patcher.patch(file, { start: 0, length: 3, from: 2, values: Float32Array.of(12) })).toBe("unfit");
    patcher.write(file, 0, Float32Array.of(10, 11, 12));
    expect(read(file)).toEqual([0, 10, 11, 12]);
  });

  it("leaves the bytes that writing everything anew leaves, whatever was there and in whatever parts", () => {
    const value = fc.constantFrom(none, 0, 1, 2.5, -3);
    const parts = fc.array(
      fc.record({ from: fc.nat(9), values: fc.array(value, { minLength: 1, maxLength: 6 }) }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(fc.nat(4), fc.array(value, { maxLength: 8 }), parts, (start, initial, changes) => {
        const { file, patcher } = place();
        let whole = Float32Array.from(initial);
        patcher.write(file, start, whole);
        for (const { from, values } of changes) {
          const next = new Float32Array(Math.max(whole.length, from + values.length)).fill(none);
          next.set(whole);
          next.set(values, from);
          const part = { start, length: next.length, from: start + from, values: Float32Array.from(values) };
          const patched = patcher.patch(file, part);
          expect(patched === "unfit").toBe(from > whole.length);
          if (patched === "unfit") patcher.write(file, start, next);
          expect(patched === "same").toBe(
            from + values.length <= whole.length &&
              values.every((each, at) => Object.is(whole[from + at], each)),
          );
          whole = next;
          expect(readFileSync(file)).toEqual(Buffer.from(encodeFeature(start, whole)));
        }
      }),
      { numRuns: 60 },
    );
  });
});
