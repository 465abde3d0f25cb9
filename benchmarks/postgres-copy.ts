/**
 * Reading a table through COPY into typed columns, against the server writing the same COPY to /dev/null, and against a
 * client that throws the bytes away. Values are checked before anything is timed; each figure is the least of several runs.
 *
 *   node benchmarks/postgres-copy.ts [--url URL] [--rows 1000000] [--runs 3] [--json] [--full]
 *
 * Without --url a server of its own is started. The user must be allowed to COPY to a file of the server.
 */
import { parseArgs } from "node:util";
import { to } from "pg-copy-streams";
import { daysOf, numbersOf, textsOf } from "#data/duckdb/columns";
import { copyOut } from "#data/sources/postgres/copy-out";
import type { WireColumn } from "#data/sources/postgres/row-decoder";
import { PostgresSession } from "#data/sources/postgres/session";
import { startPostgres } from "../test/wide/postgres-server.ts";

const { values: options } = parseArgs({
  options: {
    url: { type: "string" },
    rows: { type: "string", default: "1000000" },
    runs: { type: "string", default: "3" },
    json: { type: "boolean", default: false },
    full: { type: "boolean", default: false },
  },
});
const rows = options.full ? 12_500_000 : Number(options.rows);
const runs = Number(options.runs);
const columns: readonly WireColumn[] = [
  { name: "ts_code", kind: "bpchar" },
  { name: "trade_date", kind: "date" },
  ...["open", "high", "low", "close", "volume", "amount"].map((name) => ({ name, kind: "float8" }) as const),
];
const query = { sql: "SELECT * FROM bench_copy", columns, doing: "reading the benchmark's table" };

const server = options.url === undefined ? await startPostgres() : null;
const url = options.url ?? server!.url;
try {
  await prepare();
  await check();
  const toNowhere = await least(() =>
    run((session) => session.query("COPY (SELECT * FROM bench_copy) TO '/dev/null' (FORMAT binary)")),
  );
  const thrownAway = await least(() => run(throwAway));
  const read = await least(() => run(readAll));
  report("postgres/copy-to-dev-null", rows / toNowhere.wall / 1000, "M rows/s");
  report("postgres/copy-to-client", rows / thrownAway.wall / 1000, "M rows/s");
  report("postgres/copy-to-columns", rows / read.wall / 1000, "M rows/s");
  report("postgres/speed-ratio", toNowhere.wall / read.wall, "of COPY to /dev/null");
  report("postgres/client-ratio", thrownAway.wall / read.wall, "of a client that throws bytes away");
  report("postgres/reader-cpu", (read.cpu * 1000) / rows, "us/row");
  report("postgres/thrown-away-cpu", (thrownAway.cpu * 1000) / rows, "us/row");
} finally {
  await server?.stop();
}

async function prepare(): Promise<void> {
  await using session = await PostgresSession.open(url, { mode: "write" });
  await session.query("DROP TABLE IF EXISTS bench_copy");
  await session.query(
    `CREATE UNLOGGED TABLE bench_copy AS SELECT (lpad((s * 7 % 900000)::text, 6, '0') || '.SZ')::char(9) AS ts_code,
       date '2010-01-01' + d AS trade_date, 10 + (s + d) % 97 / 7.0::float8 AS open, 11 + (s + d) % 97 / 7.0::float8 AS high,
       9 + (s + d) % 97 / 7.0::float8 AS low, 10 + (s + d) % 89 / 7.0::float8 AS close, (s * 1000 + d)::float8 AS volume,
       (s * 7919.5 + d)::float8 AS amount
     FROM generate_series(0, $1::int - 1) d, generate_series(1, 5000) s`,
    [Math.ceil(rows / 5000)],
  );
  await session.query("VACUUM ANALYZE bench_copy");
}

/** Sums by columns and by code, against the server's own. */
async function check(): Promise<void> {
  await using session = await PostgresSession.open(url);
  const [wanted] = await session.query(
    "SELECT count(*)::float8 AS n, sum(volume)::float8 AS v, sum(trade_date - date '1970-01-01')::float8 AS d, count(DISTINCT ts_code)::float8 AS c FROM bench_copy",
  );
  await using reader = await PostgresSession.open(url);
  const found = { n: 0, v: 0, d: 0, c: 0 };
  for await (const batch of copyOut(reader, query)) {
    found.n += batch.rows;
    for (const value of numbersOf(batch, "volume")) found.v += value;
    for (const day of daysOf(batch, "trade_date")) found.d += day;
    found.c = textsOf(batch, "ts_code").dictionary.length;
  }
  for (const [name, value] of Object.entries(found))
    if (value !== Number(wanted![name]))
      throw new Error(`${name} is ${value}, the server says ${String(wanted![name])}`);
}

async function throwAway(session: PostgresSession): Promise<void> {
  const stream = session.client.query(to("COPY (SELECT * FROM bench_copy) TO STDOUT (FORMAT binary)"));
  for await (const chunk of stream) if ((chunk as Buffer).length === 0) throw new Error("an empty chunk");
}

async function readAll(session: PostgresSession): Promise<void> {
  let read = 0;
  for await (const batch of copyOut(session, query)) read += batch.rows;
  if (read < rows) throw new Error(`${read} rows of ${rows}`);
}

interface Spent {
  readonly wall: number;
  readonly cpu: number;
}

/** Milliseconds of one pass on a connection of its own. */
async function run(work: (session: PostgresSession) => Promise<unknown>): Promise<Spent> {
  await using session = await PostgresSession.open(url);
  const before = process.cpuUsage();
  const started = performance.now();
  await work(session);
  const wall = performance.now() - started;
  const { user, system } = process.cpuUsage(before);
  return { wall, cpu: (user + system) / 1000 };
}

async function least(work: () => Promise<Spent>): Promise<Spent> {
  const all: Spent[] = [];
  for (let at = 0; at < runs; at++) all.push(await work());
  return { wall: Math.min(...all.map(({ wall }) => wall)), cpu: Math.min(...all.map(({ cpu }) => cpu)) };
}

function report(name: string, value: number, unit: string): void {
  const line = { name, value: Number(value.toPrecision(4)), unit, threads: 1 };
  console.log(options.json ? JSON.stringify(line) : `${name.padEnd(28)} ${line.value} ${unit}`);
}
