/** What both kinds of database must do alike: run on PGlite here, on a PostgreSQL server in test/wide. */
import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { belongTo } from "../belongs-to.ts";
import type { Migration } from "../migrate.ts";
import type { StateDatabase } from "../state-database.ts";

/** Port of the suite: opens the same empty database, again and again. */
export interface DatabaseUnderTest {
  open(migrations?: readonly Migration[]): Promise<StateDatabase>;
  /** A second connection from elsewhere is possible while one is open. */
  readonly shared: boolean;
}

type Tables = Record<"suite.thing", { id: number; label: string | null }>;

const first: Migration = {
  number: 1,
  name: "first",
  sql: "create table alphaloom.one (id int); insert into alphaloom.one values (1)",
};
const second: Migration = {
  number: 2,
  name: "second",
  sql: "alter table alphaloom.one add column label text",
};
const broken: Migration = {
  number: 2,
  name: "broken",
  sql: "create table alphaloom.half (id int); create table alphaloom.one (id int)",
};

export function describeDatabase(kind: string, prepare: () => Promise<DatabaseUnderTest>): void {
  describe(`the state database on ${kind}`, () => {
    let under: DatabaseUnderTest;
    let database: StateDatabase;

    beforeAll(async () => {
      under = await prepare();
      database = await under.open();
    });
    afterAll(() => database.close());
    beforeEach(async () => {
      await database.query(
        "drop schema if exists suite cascade; create schema suite; create table suite.thing (id int primary key, label text)",
      );
    });

    const count = async (): Promise<number> =>
      (await database.query<{ n: number }>("select count(*) as n from suite.thing")).rows[0]!.n;

    test("values come back with one type, whichever database holds them", async () => {
      const { rows } = await database.query(`select
        1::int2 as small, 2::int4 as int, 9007199254740991::int8 as safe, 9007199254740993::int8 as big,
        1.5::float4 as single, 'NaN'::float8 as nan, '1e400'::numeric is not null as wide, 12.30::numeric as exact,
        true as yes, null::int as nothing, 'x'::text as text, 'y'::varchar as varying, date '2026-11-21' as day,
        timestamp '2026-11-21 10:00:00' as local, timestamptz '2026-11-21 10:00:00.123+08' as instant,
        interval '1 day 2 hours' as span, '{"a":[1,null]}'::jsonb as json, '[1]'::json as list,
        '\\x00ff'::bytea as bytes, array[1,null,3] as ints, array[1::int8] as longs, '{"a,\\"b\\"",NULL,""}'::text[] as texts,
        '{{1,2},{3,4}}'::int[] as square, array[timestamptz '2026-11-21 00:00Z'] as instants, '{}'::int[] as none,
        '5b0e8c0e-4f77-4a7a-9d3e-0d7e3f9d2f11'::uuid as uuid, 'n'::name as name`);
      expect(rows[0]).toEqual({
        small: 1,
        int: 2,
        safe: 9_007_199_254_740_991,
        big: 9_007_199_254_740_993n,
        single: 1.5,
        nan: Number.NaN,
        wide: true,
        exact: "12.30",
        yes: true,
        nothing: null,
        text: "x",
        varying: "y",
        day: "2026-11-21",
        local: "2026-11-21 10:00:00",
        instant: new Date("2026-11-21T02:00:00.123Z"),
        span: "1 day 02:00:00",
        json: { a: [1, null] },
        list: [1],
        bytes: new Uint8Array([0, 255]),
        ints: [1, null, 3],
        longs: [1],
        texts: ['a,"b"', null, ""],
        square: [
          [1, 2],
          [3, 4],
        ],
        instants: [new Date("2026-11-21T00:00:00Z")],
        none: [],
        uuid: "5b0e8c0e-4f77-4a7a-9d3e-0d7e3f9d2f11",
        name: "n",
      });
    });

    test("values given arrive as they were", async () => {
      const instant = new Date("2026-11-21T18:00:00.007Z");
      const values = [
        null,
        "a'b\\c\"{}",
        -12.5,
        2n ** 62n,
        false,
        instant,
        new Uint8Array([1, 0, 255]),
        ["x", null, 'q"\\,{}', ""],
        { deep: [{ n: 1 }], text: "雪" },
        JSON.stringify([1, "two"]),
        [1, 2],
        undefined,
      ];
      const { rows } = await database.query(
        `select $1::int as a, $2::text as b, $3::float8 as c, $4::int8 as d, $5::bool as e, $6::timestamptz as f,
          $7::bytea as g, $8::text[] as h, $9::jsonb as i, $10::jsonb as j, $11::int[] as k, $12::text as l`,
        values,
      );
      expect(Object.values(rows[0]!)).toEqual([...values.slice(0, 9), [1, "two"], [1, 2], null]);
    });

    test("sessions speak of time in UTC and write dates alike", async () => {
      const { rows } = await database.query(
        "select current_setting('timezone') as zone, timestamptz '2026-01-01 00:00Z'::text as told",
      );
      expect(rows).toEqual([{ zone: "UTC", told: "2026-01-01 00:00:00+00" }]);
    });

    test("several statements without values are one transaction, and give their rows in order", async () => {
      const { rows, command } = await database.query(
        "insert into suite.thing values (1, 'a') returning id; select 2 as id; insert into suite.thing values (3) returning id",
      );
      expect(rows).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
      expect(command).toBe("INSERT");
      await expect(
        database.query("insert into suite.thing values (4); insert into suite.thing values (1)"),
      ).rejects.toMatchObject({ code: "23505" });
      expect(await count()).toBe(2);
    });

    test("the number of rows changed is told", async () => {
      await database.query("insert into suite.thing select generate_series(1, 5)");
      const updated = await database.query("update suite.thing set label = $1 where id > $2", ["x", 2]);
      expect(updated).toMatchObject({ rows: [], rowCount: 3, command: "UPDATE" });
    });

    test("what PostgreSQL refuses carries its code and names, and the next statement works", async () => {
      await database.query("insert into suite.thing values (1)");
      await expect(database.query("insert into suite.thing values ($1)", [1])).rejects.toMatchObject({
        name: "SqlError",
        code: "23505",
        schema: "suite",
        table: "thing",
        constraint: "thing_pkey",
      });
      await expect(database.query("selec 1")).rejects.toMatchObject({ name: "SqlError", code: "42601" });
      await expect(database.query("select $1::int", ["many"])).rejects.toMatchObject({ code: "22P02" });
      await expect(database.query("begin; select 1/0; commit")).rejects.toMatchObject({ code: "22012" });
      expect(await count()).toBe(1);
    });

    test("a transaction left open by a plain statement is a defect and leaves nothing behind", async () => {
      await expect(database.query("begin; insert into suite.thing values (1)")).rejects.toThrow(/left open/);
      expect(await count()).toBe(0);
    });

    test("a transaction is whole or nothing", async () => {
      await database.transaction(async (transaction) => {
        await transaction.query("insert into suite.thing values (1)");
        await transaction.query("insert into suite.thing values ($1)", [2]);
      });
      expect(await count()).toBe(2);
      await expect(
        database.transaction(async (transaction) => {
          await transaction.query("insert into suite.thing values (3)");
          throw new Error("changed my mind");
        }),
      ).rejects.toThrow("changed my mind");
      await expect(
        database.transaction((transaction) => transaction.query("insert into suite.thing values (4), (4)")),
      ).rejects.toMatchObject({ code: "23505" });
      expect(await count()).toBe(2);
    });

    test("a transaction whose failure was swallowed does not pass for committed", async () => {
      await expect(
        database.transaction(async (transaction) => {
          await transaction.query("insert into suite.thing values (1)");
          await transaction.query("insert into suite.thing values (1)").catch(() => {});
        }),
      ).rejects.toThrow(/swallowed/);
      expect(await count()).toBe(0);
    });

    test("transactions and statements at the same time do not mix", async () => {
      await database.query("insert into suite.thing values (0, '0')");
      const increment = (): Promise<unknown> =>
        database.transaction(async (transaction) => {
          const { rows } = await transaction.query<{ n: number }>(
            "select label::int as n from suite.thing where id = 0 for update",
          );
          await transaction.query("update suite.thing set label = $1 where id = 0", [String(rows[0]!.n + 1)]);
        });
      const plain = (id: number): Promise<unknown> =>
        database.query("insert into suite.thing values ($1)", [id + 1]);
      await Promise.all(Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? increment() : plain(at))));
      const { rows } = await database.query("select label from suite.thing where id = 0");
      expect(rows).toEqual([{ label: "10" }]);
      expect(await count()).toBe(11);
    });

    test("Kysely builds, runs and rolls back over the same connections", async () => {
      const kysely = database.kysely.$extendTables<Tables>();
      const inserted = await kysely
        .insertInto("suite.thing")
        .values([
          { id: 1, label: "a" },
          { id: 2, label: null },
        ])
        .onConflict((conflict) => conflict.column("id").doNothing())
        .executeTakeFirstOrThrow();
      expect(inserted.numInsertedOrUpdatedRows).toBe(2n);
      const total = await kysely
        .selectFrom("suite.thing")
        .select((expression) => expression.fn.countAll<number>().as("n"))
        .executeTakeFirstOrThrow();
      expect(total).toEqual({ n: 2 });
      await expect(
        kysely.transaction().execute(async (transaction) => {
          await transaction.deleteFrom("suite.thing").execute();
          await sql`select 1 / 0`.execute(transaction);
        }),
      ).rejects.toMatchObject({ code: "22012" });
      expect(await count()).toBe(2);
    });

    test("a notification is heard by whoever listens, until it stops", async () => {
      const heard: string[] = [];
      let subscribed = 0;
      const listening = await database.listen(
        'Odd "channel"',
        (payload) => heard.push(payload),
        () => (subscribed += 1),
      );
      await database.query('notify "Odd ""channel""", \'one\'');
      await database.transaction(async (transaction) => {
        await transaction.query("select pg_notify($1, $2)", ['Odd "channel"', "two"]);
      });
      for (let round = 0; round < 100 && heard.length < 2; round++) await sleep(20);
      await listening.close();
      await database.query('notify "Odd ""channel""", \'three\'');
      await sleep(20);
      expect(heard).toEqual(["one", "two"]);
      expect(subscribed).toBe(1);
    });

    test("a database that is there is up, and an aborted wait says why", async () => {
      await database.whenUp();
      await expect(database.whenUp(AbortSignal.abort(new Error("enough")))).rejects.toThrow("enough");
    });

    test("a database belongs to one workspace", async () => {
      await belongTo(database, "one");
      await belongTo(database, "one");
      await expect(belongTo(database, "two")).rejects.toMatchObject({ code: "DATABASE_OTHER_WORKSPACE" });
    });

    test("migrations are applied once, in order, and whole or not at all", async () => {
      const again = async (migrations: readonly Migration[]): Promise<void> => {
        await database.close();
        database = await under.open(migrations);
      };
      const names = async (): Promise<unknown[]> =>
        (await database.query("select number, name from alphaloom.migration order by number")).rows;
      await database.query("drop schema alphaloom cascade");
      await again([first]);
      await again([first]);
      expect(await names()).toEqual([{ number: 1, name: "first" }]);
      expect((await database.query("select * from alphaloom.one")).rows).toEqual([{ id: 1 }]);
      await expect(again([first, broken])).rejects.toMatchObject({ code: "42P07" });
      await again([first]);
      expect((await database.query("select to_regclass('alphaloom.half') as half")).rows).toEqual([
        { half: null },
      ]);
      await again([first, second]);
      expect((await database.query("select * from alphaloom.one")).rows).toEqual([{ id: 1, label: null }]);
      await expect(again([first])).rejects.toMatchObject({ code: "DATABASE_NEWER" });
      await expect(again([{ ...first, sql: "select 1" }, second])).rejects.toMatchObject({
        code: "DATABASE_DIVERGED",
      });
      await again([{ ...first, sql: `\n  ${first.sql.replace(" (", "\n(")}` }, second]);
      expect(await names()).toHaveLength(2);
      await database.query("drop schema alphaloom cascade");
      await again([]);
    });

    test("two that open a fresh database at once migrate it once", async () => {
      if (!under.shared) return;
      await database.query("drop schema alphaloom cascade");
      const opened = await Promise.all([1, 2, 3].map(() => under.open([first, second])));
      for (const each of opened) await each.close();
      expect((await database.query("select * from alphaloom.one")).rows).toEqual([{ id: 1, label: null }]);
      await database.query("drop schema alphaloom cascade");
    });

    test("a closed database says so, and closing twice is harmless", async () => {
      await database.close();
      await database.close();
      await expect(database.query("select 1")).rejects.toMatchObject({ code: "DATABASE_CLOSED" });
      database = await under.open();
    });
  });
}
