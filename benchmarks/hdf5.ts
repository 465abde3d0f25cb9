/**
 * Writes a frame in pandas' fixed format and reads it back, against writing the same bytes with plain writes.
 *   node benchmarks/hdf5.ts [rows = 1_000_000] [--full] [--json]
 * `--full` is 12.5 M rows × 170 float32 columns.
 */
import { closeSync, fsyncSync, openSync, statSync, writeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import type { Frame, FrameRows } from "#data/export/frame";
import { appendFrame } from "#data/hdf5/append-frame";
import { openFrame } from "#data/hdf5/open-frame";
import { writeFrame } from "#data/hdf5/write-frame";

const json = process.argv.includes("--json");
const full = process.argv.includes("--full");
const asked = process.argv.find((argument) => /^\d/.test(argument))?.replaceAll("_", "");
const rows = Number(asked ?? (full ? 12_500_000 : 1_000_000));
const width = 170;
const instruments = 5000;
const days = Math.floor(rows / instruments);
const dayMs = 86_400_000;
const runs = full ? 1 : 3;

const keys = Array.from({ length: instruments }, (_, at) => `${String(600_000 + at)}.SH`);
/** One day's columns, made once: the benchmark is of the writer. A column is told by its first value of the day. */
const values = Array.from({ length: width }, (_, column) =>
  Float32Array.from({ length: instruments }, (__, row) => column + row / 8192),
);

function market(first: number, count: number): Frame {
  const places = Int32Array.from({ length: instruments }, (_, at) => at);
  async function* batches(): AsyncGenerator<FrameRows> {
    for (let day = first; day < first + count; day++) {
      for (const column of values) column[0] = day;
      yield { times: new Float64Array(instruments).fill(day * dayMs), keys: places, values };
    }
  }
  const columns = values.map((_, at) => ({
    name: `c${at}`,
    dtype: "f32" as const,
    unit: "ratio",
    description: "",
    lineage: "",
  }));
  return { levels: ["datetime", "instrument"], keys, columns, batches };
}

const folder = await mkdtemp(join(tmpdir(), "alphaloom-bench-"));
try {
  const file = join(folder, "daily_pv.h5");
  const written: number[] = [];
  const raw: number[] = [];
  for (let run = 0; run < runs; run++) {
    await rm(file, { force: true });
    const start = performance.now();
    await writeFrame(file, market(0, days));
    written.push((performance.now() - start) / 1000);
    if (run === 0) await check();
    raw.push(await rawSeconds(statSync(file).size));
  }
  const rss = process.resourceUsage().maxRSS / 1024;
  const read = await readSeconds();
  const added: number[] = [];
  for (let day = days; day < days + 5; day++) {
    const start = performance.now();
    await appendFrame(file, market(day, 1));
    added.push(performance.now() - start);
  }
  const [best, bestRaw] = [Math.min(...written), Math.min(...raw)];
  if (json) {
    line("hdf5/write", (days * instruments) / best, "rows/s");
    line("hdf5/write-ratio", median(written) / median(raw), "x raw");
    line("hdf5/rss", rss, "MB");
    line("hdf5/read", (days * instruments) / read, "rows/s");
    line("hdf5/append-day", median(added), "ms");
  } else {
    console.log(
      `${days * instruments} rows × ${width} float32, ${(statSync(file).size / 1e9).toFixed(2)} GB, flushed to the disk`,
    );
    console.log(
      `write min ${best.toFixed(2)} s, median ${median(written).toFixed(2)} s; the same bytes raw ${bestRaw.toFixed(2)} s, median ${median(raw).toFixed(2)} s`,
    );
    console.log(
      `×${(median(written) / median(raw)).toFixed(2)} of raw; peak RSS ${rss.toFixed(0)} MB; read whole in ${read.toFixed(2)} s; a day added in ${median(added).toFixed(0)} ms`,
    );
    console.log(`${cpus()[0]?.model ?? "unknown CPU"}, ${cpus().length} cores, Node ${process.version}`);
  }

  async function check(): Promise<void> {
    using frame = await openFrame(file);
    if (frame.rows !== days * instruments || frame.times.length !== days) throw new Error("rows are missing");
    for (const day of [0, Math.floor(days / 2), days - 1]) {
      const {
        times,
        keys: places,
        values: found,
      } = frame.read({ start: day * instruments, end: (day + 1) * instruments });
      for (const [column, some] of found.entries())
        for (let row = 0; row < instruments; row++) {
          const wanted = row === 0 ? day : Math.fround(column + row / 8192);
          if (some[row] !== wanted || places[row] !== row || times[row] !== day * dayMs)
            throw new Error(
              `column ${column}, row ${row} of day ${day}: ${String(some[row])}, not ${wanted}`,
            );
        }
    }
  }

  async function rawSeconds(bytes: number): Promise<number> {
    const place = join(folder, "raw.bin");
    const chunk = new Uint8Array(2 * 1024 * 1024).fill(7);
    const start = performance.now();
    const handle = openSync(place, "w");
    for (let done = 0; done < bytes; done += chunk.length)
      writeSync(handle, chunk, 0, Math.min(chunk.length, bytes - done));
    fsyncSync(handle);
    closeSync(handle);
    const seconds = (performance.now() - start) / 1000;
    await rm(place);
    return seconds;
  }

  async function readSeconds(): Promise<number> {
    const start = performance.now();
    let count = 0;
    using frame = await openFrame(file);
    for await (const batch of frame.batches()) count += batch.times.length;
    if (count !== days * instruments) throw new Error("rows are missing");
    return (performance.now() - start) / 1000;
  }
} finally {
  await rm(folder, { recursive: true });
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}

function line(name: string, value: number, unit: string): void {
  console.log(JSON.stringify({ name, value: Number(value.toPrecision(4)), unit }));
}
