import { expect, test } from "vitest";
import type { Manifest, SegmentEntry } from "./manifest.ts";
import { manifestText, parseManifest } from "./manifest-text.ts";

function largeManifest(): Manifest {
  const sets = { bars: 8, alpha158: 158, alpha360: 360, tech: 60, fund: 20 };
  const segments: SegmentEntry[] = [];
  for (const [set, count] of Object.entries(sets)) {
    const fields = Array.from({ length: count }, (_, index) => `${set}_FIELD_${index}`);
    for (let piece = 0; piece < 45; piece++) {
      for (let block = 0; block < 172; block++) {
        const checksum = (block * 2654435761 + piece) >>> 0;
        const place = { from: 2500 + piece, to: 2501 + piece, generation: 100 + piece };
        segments.push({ set, block, ...place, part: 0, fields, bytes: 1e6 + block, checksum });
      }
    }
  }
  segments.sort((a, b) => a.generation - b.generation || a.part - b.part);
  return {
    key: { calendar: "XSHG", freq: "day" },
    generation: 200,
    parent: 199,
    reason: "append",
    writtenAt: 1_700_000_000_000,
    axis: {
      freq: "day",
      sessions: Int32Array.from({ length: 8600 }, (_, i) => 7657 + i),
      origin: -10,
      slots: null,
    },
    instruments: Array.from({ length: 5500 }, (_, index) => ({
      id: `${600_000 + index}.SH`,
      first: index,
      last: 4000 + index,
      attributes: {
        adjustment: "qfq",
        baseDay: "2026-01-05",
        source: "parquet:data/reference/csi300-daily-2020-2025.parquet",
        fingerprint: `${index}`.padStart(64, "0123456789abcdef"),
      },
    })),
    fieldSets: new Map(
      Object.entries(sets).map(([name, count]) => [
        name,
        {
          name,
          role: "factor",
          fields: Array.from({ length: count }, (_, index) => ({
            name: `${name}_FIELD_${index}`,
            dtype: "f32",
            unit: "ratio",
            lineage: {
              from: "Mean($close, 5)/$close + Corr($close, Log($volume+1), 60)",
              engine: "1.0.0",
              inputGeneration: 9,
            },
          })),
        },
      ]),
    ),
    segments,
    listings: {
      reference: { industry: [{ path: "reference/industry/a.parquet", sha256: "aa", size: 1 }] },
      events: {},
    },
  };
}

test("a manifest of 5,500 instruments and 38,700 segments stays below 5 MB and reads back as it was", () => {
  const manifest = largeManifest();
  expect(manifest.segments.length).toBe(38_700);
  const text = manifestText(manifest);
  expect(text.length).toBeLessThan(5e6);
  const read = parseManifest(text, "m");
  expect(manifestText(read)).toBe(text);
  expect({ ...read, segments: read.segments.slice(0, 500) }).toEqual({
    ...manifest,
    segments: manifest.segments.slice(0, 500),
  });
});

test("a sealed manifest of another shape or version is refused with the reason", () => {
  const text = manifestText({ ...largeManifest(), segments: [], generation: 0 });
  expect(() => parseManifest(text, "m")).toThrow("generation");
  expect(() => parseManifest(text.replace("append", "append!"), "m")).toThrow("checksum");
  expect(() => parseManifest("", "m")).toThrow("checksum");
});
