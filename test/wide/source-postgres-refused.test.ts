/** What a PostgreSQL source refuses, with a coded error that names the place, and nothing of the database touched. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { DataError } from "#data/errors";
import { parseTableMapping } from "#data/mapping/table-mapping";
import { copyOut } from "#data/sources/postgres/copy-out";
import { hostileNames } from "#data/sources/postgres/testing/hostile-names";
import { openPostgresBars } from "#data/sources/postgres/postgres-bars";
import { PostgresSession } from "#data/sources/postgres/session";
import { dayOf, isoOf } from "#market/day";
import { calendarNamed } from "#market/calendar/exchange-calendars";
import { postgresLedger } from "#pipelines/snapshot/postgres-ledger";
import { openPostgresSnapshotSource } from "#pipelines/snapshot/postgres-snapshot-source";
import { refreshData, openSource } from "#pipelines/refresh-data";
import { refreshKnownSources } from "#pipelines/known-sources/refresh-known-sources";
import { originOf } from "#pipelines/known-sources/remember-import";
import type { SnapshotSource } from "#pipelines/snapshot/snapshot-source";
import { StoreSnapshotSource } from "#pipelines/snapshot/store-snapshot-source";
import { storeOf, workspaceAt } from "#pipelines/workspace";
import { fillMarketTables } from "#pipelines/write-factors/market-tables";
import { writeFactors } from "#pipelines/write-factors/write-factors";
import { makeBarTable } from "./testing/bar-table.ts";
import { startPostgres, type PostgresServer } from "./postgres-server.ts";

let server: PostgresServer;
let folder: string;
let admin: PostgresSession;
const days = [...calendarNamed("XSHG").sessionsBetween(dayOf("2023-01-01"), dayOf("2023-12-31"))];
const codes = ["000001.SZ", "000002.SZ", "600000.SH", "600519.SH"];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "refused-"));
  server = await startPostgres();
}, 120_000);
afterAll(async () => {
  await admin[Symbol.asyncDispose]();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Raw bars of four shares over a year, in yuan, shares and yuan. */
beforeEach(async () => {
  admin = await PostgresSession.open(server.url, { mode: "write" });
  await makeBarTable(admin, codes, days);
});

async function refusal(work: () => Promise<unknown>): Promise<DataError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

const bars = (locator: string, mapping?: string, url = server.url): Promise<unknown> =>
  openPostgresBars(locator, {
    url,
    ...(mapping === undefined ? {} : { mapping: parseTableMapping(mapping) }),
  });

/** All rows of all tables of people, as one number. */
async function content(): Promise<string> {
  const tables = await admin.query(
    "SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE schemaname !~ '^(pg_|information_schema)' ORDER BY 1",
  );
  const parts = [];
  for (const { name } of tables) {
    const [row] = await admin.query(
      `SELECT count(*)::text || md5(string_agg(t::text, ',' ORDER BY t::text)) AS x FROM ${String(name)} t`,
    );
    parts.push(`${String(name)} ${String(row!["x"])}`);
  }
  return parts.join("\n");
}

describe("a server", () => {
  test("that is down is named without its password", async () => {
    const error = await refusal(() =>
      bars("postgres:market.bars", undefined, "postgresql://me:topsecret@127.0.0.1:1/db"),
    );
    expect(error).toMatchObject({ code: "SOURCE_UNREACHABLE" });
    expect(JSON.stringify(error) + error.message + error.remedy + error.stack).not.toContain("topsecret");
  });

  test("that refuses the password, or has no such database, says so", async () => {
    const wrong = server.url.replace(/:[^:@]+@/, ":topsecret@");
    const error = await refusal(() => bars("postgres:market.bars", undefined, wrong));
    expect(error.code).toBe("SOURCE_LOGIN");
    expect(JSON.stringify(error) + error.message + String(error.cause)).not.toContain("topsecret");
    const elsewhere = server.url.replace(/\/postgres$/, "/nowhere");
    expect(await refusal(() => bars("postgres:market.bars", undefined, elsewhere))).toMatchObject({
      code: "SOURCE_DATABASE_MISSING",
    });
  });

  test("that goes down while it is read ends the reading with an error, not with fewer rows", async () => {
    await admin.query(
      "CREATE TABLE market.long AS SELECT g AS n, repeat('x', 200) AS t FROM generate_series(1, 400000) g",
    );
    const session = await PostgresSession.open(server.url);
    let rows = 0;
    const error = await refusal(async () => {
      const columns = [
        { name: "n", kind: "int4" },
        { name: "t", kind: "text" },
      ] as const;
      for await (const batch of copyOut(session, {
        sql: "SELECT n, t FROM market.long",
        columns,
        doing: "reading",
      })) {
        if (rows === 0) await server.halt("immediate");
        rows += batch.rows;
      }
    });
    expect(error.code).toBe("SOURCE_UNREACHABLE");
    expect(rows).toBeLessThan(400_000);
    await server.start();
    expect(await openPostgresBars("postgres:market.bars", { url: server.url })).toBeDefined();
  });

  test("stops reading when the signal says so", async () => {
    const session = await PostgresSession.open(server.url);
    const controller = new AbortController();
    const reading = async (): Promise<void> => {
      const query = {
        sql: "SELECT generate_series(1, 100000000)",
        columns: [{ name: "n", kind: "int4" }],
        doing: "reading",
      } as const;
      for await (const batch of copyOut(session, query, { signal: controller.signal }))
        if (batch.rows > 0) controller.abort();
    };
    await expect(reading()).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
    const running = async (): Promise<unknown> =>
      (
        await admin.query(
          "SELECT count(*)::int AS n FROM pg_stat_activity WHERE query LIKE 'COPY (SELECT generate_series%'",
        )
      )[0]!["n"];
    await expect.poll(running, { timeout: 20_000 }).toBe(0);
  });
});

describe("tables and columns", () => {
  test("that are not there are named beside those that are", async () => {
    const table = await refusal(() => bars("postgres:market.baars"));
    expect(table).toMatchObject({
      code: "SOURCE_TABLE_MISSING",
      message: expect.stringContaining("market.bars"),
    });
    const column = await refusal(() => bars("postgres:market.bars", "fields: { close: closing }"));
    expect(column).toMatchObject({
      code: "SOURCE_COLUMN_MISSING",
      message: expect.stringContaining("it has ts_code, trade_date, open"),
    });
  });

  test("of hostile names are refused, whichever way they come, and nothing is touched", async () => {
    await admin.query("CREATE TABLE market.kept AS SELECT 1 AS x");
    const before = await content();
    const found = new Map<string, string[]>();
    const note = async (name: string, work: () => Promise<unknown>): Promise<void> => {
      const { code } = await refusal(work);
      if (code !== "SOURCE_NAME_INVALID") found.set(code, [...(found.get(code) ?? []), name]);
    };
    const close = (name: string): string => `fields: { close: ${JSON.stringify(name)} }`;
    for (const name of hostileNames) {
      await note(name, () => bars(`postgres:${name}`));
      await note(name, () => bars("postgres:market.bars", close(name)));
    }
    for (const name of hostileNames.filter((_, at) => at % 7 === 0)) {
      await note(name, () => bars(`postgres:market.bars?factors=${name}`));
      await note(name, () =>
        bars("postgres:market.bars", `${close("close")}\ntables: { factors: ${JSON.stringify(name)} }`),
      );
      await note(name, async () => {
        await using source = await openPostgresSnapshotSource("postgres:market.bars", { url: server.url });
        await writeFactors(source, { url: server.url, table: name, columns: ["close"], createTable: true });
      });
    }
    expect([...found]).toEqual([]);
    expect(await content()).toBe(before);
  });

  test("of the catalogue whose names are no plain identifiers are refused as well, and said", async () => {
    await admin.query('CREATE TABLE market."Bars; drop" AS SELECT * FROM market.bars');
    expect(await refusal(() => bars("postgres:market.Bars; drop"))).toMatchObject({
      code: "SOURCE_NAME_INVALID",
    });
    await admin.query('ALTER TABLE market.bars ADD COLUMN "Net ""Inflow" float8');
    const source = await openPostgresBars("postgres:market.bars", { url: server.url });
    expect(source.table.fields.map(({ name }) => name)).toEqual([
      "open",
      "high",
      "low",
      "close",
      "volume",
      "amount",
    ]);
    expect(source.table.doubts.join()).toContain(String.raw`"Net \"Inflow"`);
  });

  test("that the user may not read are refused", async () => {
    await admin.query("DROP ROLE IF EXISTS reader");
    await admin.query("CREATE ROLE reader LOGIN PASSWORD 'weak'");
    const reader = server.url.replace(/\/\/[^@]+@/, "//reader:weak@");
    expect(await refusal(() => bars("postgres:market.bars", undefined, reader))).toMatchObject({
      code: "SOURCE_NOT_PERMITTED",
    });
    await admin.query(
      "GRANT USAGE ON SCHEMA market TO reader; GRANT SELECT (ts_code, trade_date, open, high, low, close, volume) ON market.bars TO reader",
    );
    const source = await openPostgresBars("postgres:market.bars", { url: reader });
    expect(source.table.fields.map(({ name }) => name)).not.toContain("amount");
    expect(
      await refusal(() =>
        postgresLedger(reader).replace({ snapshotId: "a", dataType: "b", freq: "day" }, []),
      ),
    ).toMatchObject({
      code: "SOURCE_NOT_PERMITTED",
    });
    await admin.query("DROP OWNED BY reader; DROP ROLE reader");
  });

  test("of a factor table that would come under one name are refused", async () => {
    await admin.query(
      "CREATE TABLE market.factor_daily AS SELECT ts_code, trade_date, close AS amount FROM market.bars",
    );
    expect(await refusal(() => bars("postgres:market.bars?factors=market.factor_daily"))).toMatchObject({
      code: "SOURCE_COLUMN_CLASH",
      message: expect.stringContaining('"amount"'),
    });
  });

  test("of a type that holds no numbers are refused", async () => {
    await admin.query("ALTER TABLE market.bars ALTER COLUMN close TYPE text");
    expect(await refusal(() => bars("postgres:market.bars", "fields: { close: close }"))).toMatchObject({
      code: "SOURCE_COLUMN_TYPE",
    });
  });
});

describe("adjustment factors", () => {
  /** Twice as much from the middle of the year on, for every share. */
  async function factorsBeside(code = "ts_code"): Promise<void> {
    await admin.query(
      `CREATE TABLE market.adj_factor AS SELECT ${code} AS ts_code, trade_date,
         CASE WHEN trade_date < '2023-07-03' THEN 3 ELSE 6 END::float8 AS adj_factor FROM market.bars`,
    );
  }

  /** The different factors of the first and the last day of a source and of the store that imported it. */
  async function factors(): Promise<unknown> {
    const workspace = workspaceAt(mkdtempSync(join(folder, "ws-")));
    await refreshData(workspace, await openPostgresBars("postgres:market.bars", { url: server.url }), {
      engine: "test",
    });
    await using table = await openPostgresSnapshotSource("postgres:market.bars", { url: server.url });
    await using stored = await StoreSnapshotSource.open(
      storeOf(workspace, { calendar: "XSHG", freq: "day" }),
    );
    const found = [];
    for (const source of [table, stored]) {
      const frame = await source.frame({}, { columns: ["factor"], adjustment: { kind: "raw" } });
      const values = (await Array.fromAsync(frame.batches())).flatMap((batch) => [...batch.values[0]!]);
      found.push([values.length, ...new Set(values)]);
    }
    return found;
  }

  test("that join no row are refused, and those that join some are told", async () => {
    await factorsBeside("right(ts_code, 2) || left(ts_code, 6)");
    const wanted = {
      code: "SOURCE_JOIN_EMPTY",
      message: expect.stringContaining("market.adj_factor has none of"),
    };
    expect(await refusal(() => bars("postgres:market.bars"))).toMatchObject(wanted);
    expect(
      await refusal(() => openPostgresSnapshotSource("postgres:market.bars", { url: server.url })),
    ).toMatchObject(wanted);
    await admin.query("UPDATE market.adj_factor SET ts_code = substr(ts_code, 3) || '.' || left(ts_code, 2)");
    const doubts = async (): Promise<readonly string[]> =>
      (await openPostgresBars("postgres:market.bars", { url: server.url })).table.doubts.filter((doubt) =>
        doubt.includes("adj_factor"),
      );
    expect(await doubts()).toEqual([]);
    await admin.query("DELETE FROM market.adj_factor WHERE ts_code = '600519.SH'");
    expect(await doubts()).toEqual([expect.stringContaining("market.adj_factor has 75 % of the ")]);
    // A table that ends earlier is carried on.
    await admin.query("DELETE FROM market.adj_factor WHERE trade_date > '2023-10-01'");
    expect(await doubts()).toEqual([expect.stringContaining("market.adj_factor has 0 % of the ")]);
  });

  test.each([
    ["timestamp", "trade_date + interval '15 hours'", "trade_date + interval '9 hours'"],
    [
      "timestamptz",
      "(trade_date + interval '15 hours') AT TIME ZONE 'Asia/Shanghai'",
      "trade_date::timestamp AT TIME ZONE 'Asia/Shanghai'",
    ],
    ["text", "to_char(trade_date, 'YYYYMMDD')", "to_char(trade_date, 'YYYY-MM-DD')"],
  ])("are joined by day, whatever the time of day or the form: %s", async (type, own, others) => {
    await factorsBeside();
    await admin.query(`ALTER TABLE market.bars ALTER COLUMN trade_date TYPE ${type} USING ${own}`);
    await admin.query(`ALTER TABLE market.adj_factor ALTER COLUMN trade_date TYPE ${type} USING ${others}`);
    const rows = codes.length * days.length;
    expect(await factors()).toEqual([
      [rows, 1, 2],
      [rows, 1, 2],
    ]);
  });

  test("of a table hold for bars that have a pre_close too", async () => {
    await admin.query("ALTER TABLE market.bars ADD COLUMN pre_close float8");
    await admin.query(
      `UPDATE market.bars b SET pre_close = p.before FROM (SELECT ts_code, trade_date,
         lag(close) OVER (PARTITION BY ts_code ORDER BY trade_date) AS before FROM market.bars) p
       WHERE p.ts_code = b.ts_code AND p.trade_date = b.trade_date`,
    );
    const rows = codes.length * days.length;
    expect(await factors()).toEqual([
      [rows, 1],
      [rows, 1],
    ]);
    await factorsBeside();
    expect(await factors()).toEqual([
      [rows, 1, 2],
      [rows, 1, 2],
    ]);
  });
});

describe("rows", () => {
  test.each([
    [
      "prices taken for li",
      "fields: { open: open, high: high, low: low, close: close, volume: volume, amount: amount }\nunits: { price: li }",
      1000,
    ],
    [
      "volume taken for hands",
      "fields: { open: open, high: high, low: low, close: close, volume: volume, amount: amount }\nunits: { volume: hand }",
      100,
    ],
    [
      "amount taken for thousands",
      "fields: { close: close, volume: volume, amount: amount }\nunits: { amount: thousand-yuan }",
      1000,
    ],
  ])("in wrong units are noticed: %s", async (_, mapping, times) => {
    expect(await refusal(() => bars("postgres:market.bars", mapping))).toMatchObject({
      code: "SOURCE_UNITS",
      message: expect.stringContaining(`${times.toLocaleString("en-US")} times`),
    });
  });

  test("in wrong units are noticed where prices and amounts are off alike, either way", async () => {
    const fields =
      "fields: { open: open, high: high, low: low, close: close, volume: volume, amount: amount }\n";
    expect(
      await refusal(() => bars("postgres:market.bars", `${fields}units: { price: li, amount: li }`)),
    ).toMatchObject({
      code: "SOURCE_UNITS",
      message: expect.stringContaining("with prices in li, the median close"),
      remedy: expect.stringContaining("yuan"),
    });
    await admin.query(
      "UPDATE market.bars SET open = open * 1000, high = high * 1000, low = low * 1000, close = close * 1000, amount = amount * 1000",
    );
    expect(await refusal(() => bars("postgres:market.bars", fields))).toMatchObject({
      code: "SOURCE_UNITS",
      remedy: expect.stringContaining("li (1/1000 yuan)"),
    });
    await bars("postgres:market.bars", `${fields}units: { price: li, amount: li }`);
  });

  test("in wrong units are noticed by a name that states another one, and without money", async () => {
    await admin.query("ALTER TABLE market.bars RENAME COLUMN close TO close_li");
    expect(await refusal(() => bars("postgres:market.bars"))).toMatchObject({ code: "SOURCE_UNITS" });
    await admin.query("ALTER TABLE market.bars DROP COLUMN amount");
    expect(await refusal(() => bars("postgres:market.bars"))).toMatchObject({
      code: "SOURCE_UNITS",
      message: expect.stringContaining("median close"),
    });
  });

  test("that come twice are named with instrument and day", async () => {
    await admin.query(
      "INSERT INTO market.bars SELECT * FROM market.bars WHERE ts_code = '600000.SH' AND trade_date = '2023-06-01'",
    );
    await using source = await openPostgresSnapshotSource("postgres:market.bars", { url: server.url });
    const frame = await source.frame({}, { columns: ["close"], adjustment: { kind: "raw" } });
    expect(await refusal(() => Array.fromAsync(frame.batches()))).toMatchObject({
      code: "SOURCE_ROW_TWICE",
      message: expect.stringMatching(/market\.bars has two rows for 600000\.SH on 2023-06-01/),
    });
  });

  test("that come twice and differ fail their instrument at import", async () => {
    await admin.query(
      "INSERT INTO market.bars SELECT ts_code, trade_date, open, high, low, close + 0.01, volume, amount FROM market.bars WHERE ts_code = '600000.SH' AND trade_date = '2023-06-01'",
    );
    const workspace = workspaceAt(mkdtempSync(join(folder, "ws-")));
    const { result } = await refreshData(
      workspace,
      await openPostgresBars("postgres:market.bars", { url: server.url }),
      { engine: "test" },
    );
    expect(result.failures).toMatchObject([{ instrument: "600000.SH", code: "DATA_ROW_CONFLICT" }]);
    expect(result.instruments.read).toBe(4);
  });

  test("without a date, or with a code of no known form, are refused", async () => {
    await admin.query("INSERT INTO market.bars (ts_code, close) VALUES ('000001.SZ', 1)");
    const mapping = parseTableMapping("fields: { close: close }");
    const read = async (): Promise<void> => {
      const source = await openPostgresBars("postgres:market.bars", { url: server.url, mapping });
      for await (const batch of source.bars()) expect(batch.days.length).toBeGreaterThan(0);
    };
    expect(await refusal(read)).toMatchObject({ code: "DATA_DATE_INVALID" });
    await admin.query("DELETE FROM market.bars WHERE trade_date IS NULL");
    await admin.query(
      "INSERT INTO market.bars (ts_code, trade_date, close) VALUES ('no code!', '2023-06-01', 1)",
    );
    expect(await refusal(read)).toMatchObject({
      code: "DATA_INSTRUMENT_INVALID",
      message: expect.stringContaining("no code!"),
    });
  });

  test("of dates written as text, numbers or moments are the same rows", async () => {
    const read = async (): Promise<string> => {
      await using source = await openPostgresSnapshotSource("postgres:market.bars", { url: server.url });
      const scope = {
        start: dayOf("2023-03-01"),
        end: dayOf("2023-03-31"),
        instruments: new Set(["600519.SH", "000001.SZ"]),
      };
      const frame = await source.frame(scope, { columns: ["close", "volume"], adjustment: { kind: "raw" } });
      return JSON.stringify(
        (await Array.fromAsync(frame.batches())).map(({ times, keys, values }) => [
          [...times],
          [...keys],
          values.map((column) => [...(column as Float64Array)]),
        ]),
      );
    };
    const wanted = await read();
    expect(wanted.length).toBeGreaterThan(500);
    for (const type of [
      "text USING to_char(trade_date, 'YYYYMMDD')",
      "text USING to_char(trade_date::date, 'YYYY-MM-DD')",
      "int USING to_char(trade_date::date, 'YYYYMMDD')::int",
      "timestamp USING to_date(trade_date::text, 'YYYYMMDD')::timestamp",
      "timestamptz USING trade_date AT TIME ZONE 'Asia/Shanghai'",
    ]) {
      await admin.query(`ALTER TABLE market.bars ALTER COLUMN trade_date TYPE ${type}`);
      expect(await read()).toBe(wanted);
    }
    await admin.query(
      "ALTER TABLE market.bars ALTER COLUMN close TYPE numeric(12, 4), ALTER COLUMN volume TYPE bigint, ALTER COLUMN ts_code TYPE char(12)",
    );
    expect(await read()).toBe(wanted);
  });
});

describe("minute bars", () => {
  test("are read from moments, in the exchange's time, and import as sessions' minutes", async () => {
    await admin.query(
      `CREATE TABLE market.minute AS SELECT c AS ts_code, (d + make_interval(mins => m)) AT TIME ZONE 'Asia/Shanghai' AS trade_time,
         p AS open, p + 0.02 AS high, p - 0.02 AS low, p AS close, 1000::bigint AS volume, 1000 * p AS amount
       FROM (SELECT c, d, m, 10 + m / 1000.0::float8 AS p FROM unnest($1::text[]) c,
         unnest(ARRAY['2023-03-01', '2023-03-02']::timestamp[]) d, generate_series(571, 900) m WHERE m <= 690 OR m > 780) x`,
      [codes],
    );
    const source = await openPostgresBars("postgres:market.minute", { url: server.url });
    expect(await source.describe()).toMatchObject({
      freq: "1min",
      calendar: "XSHG",
      adjustment: { kind: "raw" },
    });
    const workspace = workspaceAt(mkdtempSync(join(folder, "ws-")));
    const { result } = await refreshData(workspace, source, { engine: "test" });
    expect(result).toMatchObject({ failures: [], rows: { read: 1920, added: 1920, keptOut: 0 } });
    const collect = async (from: SnapshotSource): Promise<unknown[]> => {
      const frame = await from.frame({}, { columns: ["close", "volume"], adjustment: { kind: "raw" } });
      const rows = await Array.fromAsync(frame.batches());
      return rows.flatMap(({ times, keys, values }) =>
        [...times.keys()].map((row) => [
          times[row],
          frame.keys[keys[row]!],
          ...values.map((column) => column[row]),
        ]),
      );
    };
    await using table = await openPostgresSnapshotSource("postgres:market.minute", { url: server.url });
    await using stored = await StoreSnapshotSource.open(
      storeOf(workspace, { calendar: "XSHG", freq: "1min" }),
    );
    const found = await collect(table);
    expect(found.length).toBe(1920);
    expect(found).toEqual(await collect(stored));
  });
});

describe("a table that was imported", () => {
  test("is asked for changes, and only then read again", async () => {
    const workspace = workspaceAt(mkdtempSync(join(folder, "ws-")));
    process.env["ALPHALOOM_SOURCE_URL"] = server.url;
    const locator = "postgres:market.bars";
    const source = await openSource(locator);
    const now = Date.now;
    await refreshData(workspace, source, {
      engine: "test",
      remember: originOf(source, { locator, folder }),
      now,
    });
    const key = { calendar: "XSHG", freq: "day" } as const;
    const refresh = async (rehash = false): Promise<string> =>
      (await refreshKnownSources(workspace, key, { engine: "test", now, rehash })).outcomes
        .map(({ kind }) => kind)
        .join();
    expect(await refresh()).toBe("unchanged");
    // What cannot be compared piece by piece is read whole: no row differs, so the store stays at its generation.
    const again = await refreshKnownSources(workspace, key, { engine: "test", now, rehash: true });
    expect(again).toMatchObject({ before: 1, generation: 1, outcomes: [{ kind: "imported" }] });
    await admin.query(
      "UPDATE market.bars SET close = close + 0.01, high = high + 0.02 WHERE ts_code = '600519.SH' AND trade_date = '2023-05-04'",
    );
    expect(await refresh()).toBe("imported");
    expect(await refresh()).toBe("unchanged");
    await admin.query("DROP TABLE market.bars");
    const { outcomes } = await refreshKnownSources(workspace, key, { engine: "test", now });
    expect(outcomes).toMatchObject([{ kind: "failed", problem: { code: "SOURCE_TABLE_MISSING" } }]);
    delete process.env["ALPHALOOM_SOURCE_URL"];
  });
});

describe("a table that was imported, on another server or in another database", () => {
  test("is not taken for the same one until it is imported by hand", async () => {
    const another = await startPostgres();
    try {
      await admin.query("CREATE DATABASE another");
      const workspace = workspaceAt(mkdtempSync(join(folder, "ws-")));
      const locator = "postgres:market.bars";
      const importByHand = async (url: string): Promise<void> => {
        process.env["ALPHALOOM_SOURCE_URL"] = url;
        const source = await openSource(locator);
        const remember = originOf(source, { locator, folder });
        await refreshData(workspace, source, { engine: "test", remember });
      };
      const update = (url: string): ReturnType<typeof refreshKnownSources> => {
        process.env["ALPHALOOM_SOURCE_URL"] = url;
        return refreshKnownSources(workspace, { calendar: "XSHG", freq: "day" }, { engine: "test" });
      };
      await importByHand(server.url);
      for (const url of [another.url, server.url.replace(/\/postgres$/, "/another")]) {
        await using other = await PostgresSession.open(url, { mode: "write" });
        await other.query("CREATE SCHEMA market");
        await other.query(
          `CREATE TABLE market.bars AS SELECT c AS ts_code, d AS trade_date, 20.0::float8 AS open, 20.0::float8 AS high,
             20.0::float8 AS low, 20.0::float8 AS close, 100.0::float8 AS volume, 2000.0::float8 AS amount
           FROM unnest($1::text[]) c, unnest($2::date[]) d`,
          [codes, days.map(isoOf)],
        );
        const { before, generation, outcomes } = await update(url);
        expect(outcomes).toMatchObject([{ kind: "failed", problem: { code: "SOURCE_DATABASE_OTHER" } }]);
        expect(generation).toBe(before);
        expect((await update(server.url)).outcomes).toMatchObject([{ kind: "unchanged" }]);
      }
      await importByHand(another.url);
      expect((await update(another.url)).outcomes).toMatchObject([{ kind: "unchanged" }]);
    } finally {
      delete process.env["ALPHALOOM_SOURCE_URL"];
      await admin.query("DROP DATABASE IF EXISTS another");
      await another.stop();
    }
  });
});

describe("the demonstration", () => {
  const names = ["kline_daily_raw", "adj_factor", "kline_daily_qfq", "factor_daily"];

  test("replaces its own tables, and none that it did not make", async () => {
    const workspace = workspaceAt(mkdtempSync(join(folder, "ws-")));
    await refreshData(workspace, await openPostgresBars("postgres:market.bars", { url: server.url }), {
      engine: "test",
    });
    await using source = await StoreSnapshotSource.open(
      storeOf(workspace, { calendar: "XSHG", freq: "day" }),
    );
    const fill = (): Promise<unknown> => fillMarketTables(source, { url: server.url, schema: "market" });
    const rows = codes.length * days.length;
    const filled = names.map((name) => ({ table: `market.${name}`, rows }));
    expect(await fill()).toEqual(filled);
    expect(await fill()).toEqual(filled);
    for (const name of names) {
      await admin.query(`DROP TABLE market.${name}`);
      await admin.query(
        `CREATE TABLE market.${name} (ts_code char(9), trade_date date, volume bigint, PRIMARY KEY (ts_code, trade_date))`,
      );
      await admin.query(`INSERT INTO market.${name} VALUES ('600000.SH', '2023-06-01', 7)`);
      const before = await content();
      expect(await refusal(fill)).toMatchObject({
        code: "SOURCE_TABLE_TAKEN",
        message: expect.stringContaining(`market.${name}`),
        remedy: expect.stringContaining("--schema"),
      });
      expect(await content()).toBe(before);
      await admin.query(`DROP TABLE market.${name}`);
      expect(await fill()).toEqual(filled);
    }
  });

  test("leaves its own tables alone when their columns were changed, and fills all or none", async () => {
    const workspace = workspaceAt(mkdtempSync(join(folder, "ws-")));
    await refreshData(workspace, await openPostgresBars("postgres:market.bars", { url: server.url }), {
      engine: "test",
    });
    await using source = await StoreSnapshotSource.open(
      storeOf(workspace, { calendar: "XSHG", freq: "day" }),
    );
    const fill = (): Promise<unknown> => fillMarketTables(source, { url: server.url, schema: "market" });
    await fill();
    await admin.query("DELETE FROM market.kline_daily_raw WHERE trade_date < '2023-06-01'");
    // The last of the four to be filled.
    await admin.query("ALTER TABLE market.factor_daily ADD CONSTRAINT never CHECK (false) NOT VALID");
    const before = await content();
    expect((await refusal(fill)).code).toBe("SOURCE_FAILED");
    expect(await content()).toBe(before);
    await admin.query("ALTER TABLE market.factor_daily DROP CONSTRAINT never");
    await admin.query("ALTER TABLE market.kline_daily_raw ALTER COLUMN volume TYPE bigint");
    expect((await refusal(fill)).code).toBe("SOURCE_TABLE_TAKEN");
    expect(await content()).toBe(before);
  });
});

describe("writing back", () => {
  async function stored(): Promise<StoreSnapshotSource> {
    const workspace = workspaceAt(mkdtempSync(join(folder, "ws-")));
    await refreshData(workspace, await openPostgresBars("postgres:market.bars", { url: server.url }), {
      engine: "test",
    });
    return StoreSnapshotSource.open(storeOf(workspace, { calendar: "XSHG", freq: "day" }));
  }

  test("makes the table only when asked, upserts, and changes nothing the second time", async () => {
    await using source = await stored();
    const write = (options: object = {}): ReturnType<typeof writeFactors> =>
      writeFactors(source, {
        url: server.url,
        table: "market.factor_daily",
        columns: ["close", "vwap"],
        ...options,
      });
    await expect(write()).rejects.toThrow(expect.objectContaining({ code: "SOURCE_TABLE_MISSING" }));
    const rows = codes.length * days.length;
    expect(await write({ createTable: true })).toMatchObject({
      rows,
      inserted: rows,
      updated: 0,
      unchanged: 0,
    });
    const before = await admin.query("SELECT sum(xmin::text::int8)::text AS x FROM market.factor_daily");
    expect(await write()).toMatchObject({ rows, inserted: 0, updated: 0, unchanged: rows });
    expect(await admin.query("SELECT sum(xmin::text::int8)::text AS x FROM market.factor_daily")).toEqual(
      before,
    );
    await admin.query(
      "UPDATE market.factor_daily SET vwap = 1 WHERE ts_code = '000001.SZ' AND trade_date < '2023-02-01'",
    );
    await admin.query(
      "DELETE FROM market.factor_daily WHERE ts_code = '600519.SH' AND trade_date < '2023-02-01'",
    );
    const january = days.filter((day) => day < dayOf("2023-02-01")).length;
    expect(await write()).toMatchObject({ inserted: january, updated: january });
    const different = await admin.query(
      "SELECT count(*)::int AS n FROM market.factor_daily f JOIN market.bars b USING (ts_code, trade_date) WHERE f.close <> b.close OR abs(f.vwap - b.amount / b.volume) > 1e-9",
    );
    expect(different).toEqual([{ n: 0 }]);
    await expect(write({ columns: ["open"] })).rejects.toThrow(
      expect.objectContaining({ code: "SOURCE_COLUMN_MISSING" }),
    );
    expect(await write({ columns: ["open"], createColumns: true })).toMatchObject({
      updated: rows,
      created: { columns: ["open"] },
    });
  });

  test("waits for another writer of the same rows, so that the values of both are there", async () => {
    await using source = await stored();
    await admin.query(
      "CREATE TABLE market.factor_daily (ts_code text, trade_date date, close float8, vwap float8, PRIMARY KEY (ts_code, trade_date))",
    );
    const other = await PostgresSession.open(server.url, { mode: "write" });
    await other.query("BEGIN");
    await other.query(
      "INSERT INTO market.factor_daily (ts_code, trade_date, vwap) VALUES ('600519.SH', '2023-06-01', 7)",
    );
    const writing = writeFactors(source, {
      url: server.url,
      table: "market.factor_daily",
      columns: ["close"],
    });
    const waiting = async (): Promise<boolean> =>
      (await admin.query("SELECT 1 FROM pg_locks WHERE NOT granted")).length > 0;
    while (!(await waiting())) await new Promise((resolve) => setTimeout(resolve, 20));
    await other.query("COMMIT");
    await other[Symbol.asyncDispose]();
    const rows = codes.length * days.length;
    expect(await writing).toMatchObject({ rows, inserted: rows - 1, updated: 1 });
    expect(
      await admin.query(
        "SELECT f.vwap, f.close = b.close AS same FROM market.factor_daily f JOIN market.bars b USING (ts_code, trade_date) WHERE f.vwap IS NOT NULL",
      ),
    ).toEqual([{ vwap: 7, same: true }]);
  });

  test("that is stopped leaves the table as it was", async () => {
    await using source = await stored();
    await admin.query(
      "CREATE TABLE market.factor_daily (ts_code text, trade_date date, close float8, PRIMARY KEY (ts_code, trade_date))",
    );
    const controller = new AbortController();
    const stopping = {
      locator: source.locator,
      columns: source.columns,
      frame: async (...given: Parameters<StoreSnapshotSource["frame"]>) => {
        const frame = await source.frame(...given);
        return {
          ...frame,
          async *batches() {
            yield* frame.batches();
            controller.abort();
          },
        };
      },
    } as unknown as StoreSnapshotSource;
    const options = {
      url: server.url,
      table: "market.factor_daily",
      columns: ["close"],
      signal: controller.signal,
    };
    await expect(writeFactors(stopping, options)).rejects.toThrow(
      expect.objectContaining({ name: "AbortError" }),
    );
    expect(await admin.query("SELECT count(*)::int AS n FROM market.factor_daily")).toEqual([{ n: 0 }]);
  });

  test("keeps the ledger of exports by snapshot", async () => {
    const ledger = postgresLedger(server.url);
    const scope = { snapshotId: "csi300_2023", dataType: "daily_pv", freq: "day" };
    expect(await ledger.read(scope)).toEqual([]);
    const entries = codes.map((instrument, at) => ({
      instrument,
      first: days[at]!,
      last: days.at(-1)!,
      rows: days.length - at,
      fingerprint: `raw:${at}`,
    }));
    await ledger.replace(scope, entries);
    await ledger.replace({ ...scope, snapshotId: "other" }, entries.slice(0, 1));
    expect(await ledger.read(scope)).toEqual(entries);
    await ledger.replace(scope, entries.slice(1));
    expect(await ledger.read(scope)).toEqual(entries.slice(1));
    expect(await ledger.read({ ...scope, snapshotId: "other" })).toEqual(entries.slice(0, 1));
  });
});
