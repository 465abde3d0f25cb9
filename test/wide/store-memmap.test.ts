import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openStore } from "#data/store/open-store";
import type { FieldSet } from "#data/store/panel-store";

/** A reader of segment files written from docs/reference/store-format.md alone. */
const reader = String.raw`
import json, struct, sys, zlib
import numpy
path = sys.argv[1]
raw = open(path, "rb").read()
assert raw[:8] == b"ALPHASEG"
version, header_bytes, checksum, block, first, rows, lanes, fields, chunk_rows, generation = struct.unpack("<IIIIiIIIII", raw[8:48])
file_bytes, json_bytes = struct.unpack("<QI", raw[48:60])
assert version == 1 and file_bytes == len(raw)
assert zlib.crc32(raw[:16] + b"\0\0\0\0" + raw[20:header_bytes]) == checksum
description = json.loads(raw[64:64 + json_bytes])
chunks = -(-rows // chunk_rows)
table = 64 + -(-json_bytes // 4) * 4
sums = struct.unpack("<%dI" % (len(description["fields"]) * chunks), raw[table:table + 4 * len(description["fields"]) * chunks])
out = {"block": block, "first": first, "rows": rows, "generation": generation, "set": description["set"], "fields": {}}
for index, field in enumerate(description["fields"]):
    values = numpy.memmap(path, field["dtype"], offset=field["offset"], shape=(rows, lanes), mode="r")
    for chunk in range(chunks):
        part = numpy.ascontiguousarray(values[chunk * chunk_rows:(chunk + 1) * chunk_rows]).tobytes()
        assert zlib.crc32(part) == sums[index * chunks + chunk], (field["name"], chunk)
    assert field["offset"] % 64 == 0
    out["fields"][field["name"]] = [str(values.dtype), float(values[0, 1]), float(values[-1, 31]), int(numpy.isnan(values).sum())]
print(json.dumps(out))
`;

const lineage = { from: "test", engine: "test", inputGeneration: 0 };
const set: FieldSet = {
  name: "alpha",
  role: "factor",
  fields: [
    { name: "MA5", dtype: "f32", unit: "ratio", lineage },
    { name: "close", dtype: "f64", unit: "CNY", lineage },
    { name: "市值", dtype: "f64", unit: "CNY", lineage },
  ],
};

const everyDay = (start: number, end: number): Int32Array =>
  Int32Array.from({ length: end - start + 1 }, (_, index) => start + index);

test("numpy maps a field of a segment where the reference page says it lies", async () => {
  const folder = mkdtempSync(join(tmpdir(), "store-memmap-"));
  try {
    const store = openStore(folder, { calendar: "24x7", freq: "day" }, { sessionsBetween: everyDay });
    await using writer = await store.writer();
    writer.cover(1, 600);
    writer.addInstruments(["A"]);
    const cells = 600 * 32;
    const close = Float64Array.from({ length: cells }, (_, cell) =>
      cell % 100 === 7 ? Number.NaN : cell + 0.1,
    );
    await writer.put(set, 0, 0, [
      { name: "MA5", values: Float32Array.from({ length: cells }, (_, cell) => cell / 3) },
      { name: "close", values: close },
      { name: "市值", values: Float64Array.from({ length: cells }, (_, cell) => 2 ** 53 - cell) },
    ]);
    await writer.commit({ reason: "test" });
    const file = join(folder, "24x7/day/segments/alpha-0-1.seg");
    const said: unknown = JSON.parse(
      execFileSync(process.env["PYTHON"] ?? "python3", ["-c", reader, file], { encoding: "utf8" }),
    );
    expect(said).toEqual({
      block: 0,
      first: 0,
      rows: 600,
      generation: 1,
      set: "alpha",
      fields: {
        MA5: ["float32", Math.fround(1 / 3), Math.fround((cells - 1) / 3), 0],
        close: ["float64", 1.1, cells - 1 + 0.1, cells / 100],
        市值: ["float64", 2 ** 53 - 1, 2 ** 53 - cells + 1, 0],
      },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
