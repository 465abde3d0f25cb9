/**
 * Parquet → store: a market of daily bars in the order sources have them, day by day, so that every row has to find its
 * instrument. The import runs in a process of its own, whose CPU and peak memory are told; then the store is compared
 * with what was written, block for block.
 *   node benchmarks/import.ts [rows = 1_000_000] [--json] [--full: 12.5 million rows, which must stay under 1.5 GB]
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { Database } from "#data/duckdb/database";
import { sqlText } from "#data/duckdb/sql";
import { openBarSource } from "#data/sources/open-source";
import { LANES_PER_BLOCK } from "#data/store/panel-store";
import { calendarNamed } from "#market/calendar/exchange-calendars";
import { dayOf } from "#market/day";
import { refreshData } from "#pipelines/refresh-data";
import { storeOf, workspaceAt } from "#pipelines/workspace";

const RSS_LIMIT_MB = 1_500;
const INSTRUMENTS = 5_000;
const key = { calendar: "XSHG", freq: "day" } as const;

interface Measured {
  readonly rows: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly rssMb: number;
}

/** Integers, so that DuckDB and JavaScript make the same doubles of them. */
const centsOf = (instrument: number, day: number): number => 1_000 + ((instrument * 7 + day * 13) % 97);
const lotsOf = (instrument: number, day: number): number =>
  ((instrument * 7_919 + day * 104_729) % 100_000) + 1;

/** {@link centsOf} in SQL. */
const centsSql = (day: string): string => `(1000 + (i * 7 + ${day} * 13) % 97)`;

async function writeBars(path: string, days: number): Promise<void> {
  const calendar = calendarNamed("XSHG");
  const sessions = calendar.sessionsBetween(dayOf("2010-01-04"), calendar.last).slice(0, days);
  if (sessions.length < days) throw new Error(`the calendar has ${sessions.length} sessions, not ${days}`);
  using database = await Database.open({ memoryLimit: "1GB", spillFolder: `${path}.spill` });
  await database.run(`CREATE TABLE sessions AS SELECT unnest(range(${days})) AS d,
    unnest([${sessions.join(",")}]::INTEGER[]) AS day`);
  await database.run(`COPY (
    SELECT CAST(600000 + i AS VARCHAR) || '.SH' AS ts_code, DATE '1970-01-01' + day AS trade_date,
      ${centsSql("d")} / 100.0::DOUBLE AS open, (${centsSql("d")} + 5) / 100.0::DOUBLE AS high,
      (${centsSql("d")} - 5) / 100.0::DOUBLE AS low, ${centsSql("d")} / 100.0::DOUBLE AS close,
      CASE WHEN d = 0 THEN NULL ELSE ${centsSql("(d - 1)")} / 100.0::DOUBLE END AS preclose,
      ((i * 7919 + d * 104729) % 100000 + 1) * 100.0::DOUBLE AS volume,
      ((i * 7919 + d * 104729) % 100000 + 1) * ${centsSql("d")} * 1.0::DOUBLE AS amount
    FROM sessions, range(${INSTRUMENTS}) r(i) ORDER BY d, i) TO ${sqlText(path)} (FORMAT parquet)`);
}

/** What the importing process does. */
async function importBars(path: string, workspace: string): Promise<void> {
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
  const start = performance.now();
  const cpuBefore = process.cpuUsage();
  const { result } = await refreshData(workspaceAt(workspace), source, { engine: "benchmark" });
  const seconds = (performance.now() - start) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  if (result.failures.length > 0) throw new Error(result.failures[0]!.message);
  const measured: Measured = {
    rows: result.rows.added,
    seconds,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    rssMb: process.resourceUsage().maxRSS / 1024,
  };
  console.log(JSON.stringify(measured));
}

function importInProcess(path: string, workspace: string): Promise<Measured> {
  const child = spawn(process.execPath, [import.meta.filename, "--child", path, workspace], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  return new Promise((settle, fail) => {
    child.on("error", fail);
    child.on("close", (code) => {
      if (code === 0) settle(JSON.parse(out) as Measured);
      else fail(new Error(`the importing process ended with exit code ${code}`));
    });
  });
}

async function check(workspace: string, days: number): Promise<void> {
  await using snapshot = await storeOf(workspaceAt(workspace), key).snapshot();
  if (snapshot.instruments.length !== INSTRUMENTS)
    throw new Error(`${snapshot.instruments.length} instruments`);
  const fields = ["open", "high", "low", "close", "volume", "amount", "factor"];
  const inBlock = Map.groupBy(snapshot.instruments, (instrument) => instrument.block);
  for (const [block, instruments] of inBlock) {
    const stored = await snapshot.readBlock("bars", block, fields);
    for (const { id, lane } of instruments) {
      const number = Number(id.slice(0, 6)) - 600_000;
      for (let day = 0; day < days; day++) {
        const cents = centsOf(number, day);
        const lots = lotsOf(number, day);
        const expected = [
          cents / 100,
          (cents + 5) / 100,
          (cents - 5) / 100,
          cents / 100,
          lots * 100,
          lots * cents,
          1,
        ];
        for (const [index, name] of fields.entries()) {
          const value = stored.get(name)![day * LANES_PER_BLOCK + lane]!;
          if (value !== expected[index]) {
            throw new Error(`${name} of ${id} on day ${day} is ${value}, written was ${expected[index]}`);
          }
        }
      }
    }
  }
}

if (process.argv[2] === "--child") await importBars(process.argv[3]!, process.argv[4]!);
else {
  const full = process.argv.includes("--full");
  const asked = process.argv.slice(2).find((argument) => /^\d/.test(argument));
  const days = Math.round(
    (full ? 12_500_000 : Number(asked?.replaceAll("_", "") ?? 1_000_000)) / INSTRUMENTS,
  );
  const folder = await mkdtemp(join(tmpdir(), "bench-import-"));
  try {
    const path = join(folder, "bars.parquet");
    const workspace = join(folder, "workspace");
    await writeBars(path, days);
    const { rows, seconds, cpuSeconds, rssMb } = await importInProcess(path, workspace);
    if (rows !== days * INSTRUMENTS) throw new Error(`${rows} rows were added, not ${days * INSTRUMENTS}`);
    await check(workspace, days);
    const lines = [
      ["import/rate", rows / seconds, "rows/s"],
      ["import/cpu", (cpuSeconds * 1e6) / rows, "us/row"],
      ["import/rss", rssMb, "MB"],
    ] as const;
    for (const [name, value, unit] of lines) {
      const line = { name, value: Number(value.toPrecision(4)), unit, threads: 2 };
      console.log(
        process.argv.includes("--json") ? JSON.stringify(line) : `${name.padEnd(12)} ${line.value} ${unit}`,
      );
    }
    if (!process.argv.includes("--json")) {
      console.log(
        `${rows.toLocaleString("en")} rows, every value compared; ${cpus()[0]?.model}, Node ${process.version}`,
      );
    }
    if (rssMb > RSS_LIMIT_MB)
      throw new Error(`peak memory ${rssMb.toFixed(0)} MB is over ${RSS_LIMIT_MB} MB`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
