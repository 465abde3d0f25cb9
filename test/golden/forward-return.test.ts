/** The default label in float32 against Qlib's LABEL0 of the Alpha158 golden, bit for bit. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { x as unpack } from "tar";
import { afterAll, expect, test } from "vitest";
import { forwardReturn } from "#labels/forward-return";
import { dayOf } from "#market/day";
import { panelOf } from "#panel/panel";

const folder = resolve(process.env["GOLDEN_DIR"] ?? "../shared/golden", "qlib");
const store = mkdtempSync(join(tmpdir(), "forward-return-"));
afterAll(() => rmSync(store, { recursive: true }));

interface Golden {
  readonly columns: readonly string[];
  readonly shape: readonly [number, number];
  readonly index: {
    readonly instruments: readonly string[];
    readonly calendar: readonly string[];
    readonly row_instrument: readonly number[];
    readonly row_day: readonly number[];
  };
}

test("the float32 label equals LABEL0, except where the entry price is 0 and Qlib divides by it", () => {
  unpack({ file: join(folder, "qlib-bin-store.tar.gz"), cwd: store, sync: true });
  const golden = JSON.parse(readFileSync(join(folder, "alpha158.json"), "utf8")) as Golden;
  const { instruments, calendar, row_instrument: lanesOf, row_day: rowsOf } = golden.index;
  const bytes = gunzipSync(readFileSync(join(folder, "alpha158.f32.gz")));
  const from = golden.columns.indexOf("LABEL0") * golden.shape[1] * 4;
  const expected = new Float32Array(
    bytes.buffer.slice(bytes.byteOffset + from).slice(0, golden.shape[1] * 4),
  );

  const lanes = instruments.length;
  const close = new Float32Array(calendar.length * lanes).fill(Number.NaN);
  const first = new Int32Array(lanes);
  const last = new Int32Array(lanes);
  instruments.forEach((instrument, lane) => {
    const file = readFileSync(join(store, "binA/features", instrument.toLowerCase(), "close.day.bin"));
    const values = new Float32Array(file.buffer.slice(file.byteOffset, file.byteOffset + file.length));
    first[lane] = values[0]!;
    last[lane] = first[lane] + values.length - 2;
    values.subarray(1).forEach((value, k) => (close[(first[lane]! + k) * lanes + lane] = value));
  });
  const label = forwardReturn(
    panelOf({
      role: "market",
      time: { freq: "day", days: Int32Array.from(calendar, dayOf) },
      instruments,
      first,
      last,
      columns: [{ name: "close", values: close }],
    }),
    { precision: "f32", name: "LABEL0" },
  ).panel.columns.get("LABEL0")!.values;

  let equal = 0;
  const other: string[] = [];
  expected.forEach((theirs, k) => {
    const [lane, row] = [lanesOf[k]!, rowsOf[k]!];
    const ours = label[row * lanes + lane]!;
    if (Object.is(ours, theirs) || (ours === 0 && theirs === 0)) equal++;
    else if (close[(row + 1) * lanes + lane] === 0 && Number.isNaN(ours) && !Number.isFinite(theirs)) equal++;
    else other.push(`${instruments[lane]} ${calendar[row]}: ours ${ours}, Qlib ${theirs}`);
  });
  expect(other.slice(0, 5)).toEqual([]);
  expect(equal).toBe(golden.shape[1]);
});
