/**
 * Reads a Parquet file of daily bars through the bar source and prints rows a second, CPU and memory.
 *   node benchmarks/source-parquet.ts [rows = 1_000_000] [--json]
 */
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { Database } from "#data/duckdb/database";
import { sqlText } from "#data/duckdb/sql";
import { openBarSource } from "#data/sources/open-source";

const rows = Number(process.argv.find((argument) => /^\d/.test(argument))?.replaceAll("_", "") ?? 1_000_000);
const json = process.argv.includes("--json");
const instruments = 5000;

const folder = await mkdtemp(join(tmpdir(), "alphaloom-bench-"));
try {
  const path = join(folder, "bars.parquet");
  const perInstrument = Math.floor(rows / instruments);
  const total = perInstrument * instruments;
  {
    using database = await Database.open({ memoryLimit: "1GB" });
    await database.run(`COPY (
      SELECT lpad(CAST(600000 + i // ${perInstrument} AS VARCHAR), 6, '0') || '.SH' AS ts_code,
        DATE '2010-01-04' + CAST(i % ${perInstrument} AS INTEGER) AS trade_date,
        10 + (i % 997) / 100.0 AS open, 10.5 + (i % 997) / 100.0 AS high, 9.5 + (i % 997) / 100.0 AS low,
        10.2 + (i % 997) / 100.0 AS close, CASE WHEN i % 50 = 0 THEN NULL ELSE 10.1 + (i % 997) / 100.0 END AS preclose,
        CAST((i * 7919) % 10000000 AS DOUBLE) AS volume, (i * 7919) % 10000000 * 10.15 AS amount
      FROM range(${total}) t(i)) TO ${sqlText(path)} (FORMAT parquet)`);
  }
  const source = await openBarSource(`parquet:${path}`, {
    mapping: {
      kind: "bars",
      shape: "bench",
      freq: "day",
      calendar: "XSHG",
      stamp: "end",
      reading: { header: true, encoding: "auto", missing: [] },
      instrument: { column: "ts_code" },
      date: { column: "trade_date", format: "auto" },
      columns: Object.fromEntries(
        ["open", "high", "low", "close", "preclose", "volume", "amount"].map((name) => [name, name]),
      ),
      units: {},
      adjustment: { prices: "raw" },
      keep: "none",
      prefix: "",
    },
  });
  const read = async (check: boolean): Promise<number> => {
    let count = 0;
    let wrong = 0;
    for await (const batch of source.bars()) {
      if (check) {
        const open = batch.columns.get("open")!;
        const preclose = batch.columns.get("preclose")!;
        const volume = batch.columns.get("volume")!;
        for (let row = 0; row < batch.days.length; row++) {
          const i = count + row;
          if (Math.abs(open[row]! - (10 + (i % 997) / 100)) > 1e-9) wrong++;
          if (Number.isNaN(preclose[row]!) !== (i % 50 === 0)) wrong++;
          if (volume[row] !== (i * 7919) % 10_000_000) wrong++;
          if (batch.instrument[row] !== Math.floor(i / perInstrument)) wrong++;
          if (batch.days[row] !== 14_613 + (i % perInstrument)) wrong++;
        }
      }
      count += batch.days.length;
    }
    if (wrong > 0 || count !== total) throw new Error(`${wrong} wrong values in ${count} of ${total} rows`);
    return count;
  };
  await read(true);
  const rates: number[] = [];
  const cpuStart = process.cpuUsage();
  const runs = 3;
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    await read(false);
    rates.push(total / (performance.now() - start) / 1000);
  }
  const cpu = process.cpuUsage(cpuStart);
  const cpuSeconds = (cpu.user + cpu.system) / 1e6 / runs;
  const sorted = rates.sort((a, b) => a - b);
  const [worst, median] = [sorted[0]!, sorted[1]!];
  const rss = process.resourceUsage().maxRSS / 1024;
  if (json) {
    line("source-parquet/rows", median * 1e6, "rows/s");
    line("source-parquet/cpu", cpuSeconds, "s");
    line("source-parquet/rss", rss, "MB");
  } else {
    console.log(
      `${total.toLocaleString("en")} rows × 7 numbers, code and date, checked, then read ${runs} times`,
    );
    console.log(
      `median ${median.toFixed(2)} M rows/s, worst ${worst.toFixed(2)}; ${cpuSeconds.toFixed(2)} CPU s a pass; peak RSS ${rss.toFixed(0)} MB`,
    );
    console.log(`${cpus()[0]?.model ?? "unknown CPU"}, ${cpus().length} cores, Node ${process.version}`);
  }
} finally {
  await rm(folder, { recursive: true });
}

function line(name: string, value: number, unit: string): void {
  console.log(JSON.stringify({ name, value: Number(value.toPrecision(4)), unit, threads: 2 }));
}
