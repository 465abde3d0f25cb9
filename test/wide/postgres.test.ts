/** The state database's suite on a real PostgreSQL server, and what only a server does: being down, coming back. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDatabase } from "../../src/database/open-database.ts";
import type { StateDatabase } from "../../src/database/state-database.ts";
import { describeDatabase } from "../../src/database/testing/database-suite.ts";
import { testProcesses } from "../../src/database/testing/test-processes.ts";
import { startPostgres, type PostgresServer } from "./postgres-server.ts";

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
  console.log(`PostgreSQL ${server.version}`);
});
afterAll(() => server.stop());

const open = (url = server.url): Promise<StateDatabase> =>
  openDatabase({ directory: "unused", url, processes: testProcesses });

describeDatabase("a PostgreSQL server", () =>
  Promise.resolve({
    shared: true,
    open: (migrations) =>
      openDatabase({
        directory: "unused",
        url: server.url,
        processes: testProcesses,
        ...(migrations === undefined ? {} : { migrations }),
      }),
  }),
);

test.each(["fast", "immediate"] as const)(
  "a server that stops (%s) in the middle is down, and everything goes on when it is back",
  async (how) => {
    await using database = await open();
    await database.query("create table if not exists public.kept (id int); truncate public.kept");
    const heard: string[] = [];
    let subscribed = 0;
    const listening = await database.listen(
      "news",
      (payload) => heard.push(payload),
      () => (subscribed += 1),
    );
    const asleep = database.query("select pg_sleep(60)").catch((error: unknown) => error);
    const inTransaction = database
      .transaction(async (transaction) => {
        await transaction.query("insert into public.kept values (1)");
        await transaction.query("select pg_sleep(60)");
      })
      .catch((error: unknown) => error);
    await database.query("insert into public.kept values (2)");
    await server.halt(how);
    for (const failed of [asleep, inTransaction])
      expect(await failed).toMatchObject({ code: "DATABASE_DOWN" });
    const refused: unknown = await database.query("select 1").catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "DATABASE_DOWN" });
    expect(String(refused)).not.toContain("s3cret");
    const up = database.whenUp();
    const impatient = database.whenUp(AbortSignal.timeout(100));
    await expect(impatient).rejects.toMatchObject({ name: "TimeoutError" });
    await server.start();
    await up;
    expect((await database.query("select id from public.kept")).rows).toEqual([{ id: 2 }]);
    await expect.poll(() => subscribed, { timeout: 20_000 }).toBe(2);
    await database.query("notify news, 'back'");
    await expect.poll(() => heard.length, { timeout: 20_000 }).toBe(1);
    expect(heard).toEqual(["back"]);
    await listening.close();
  },
);

test("a server that is not there, a wrong password and a database that does not exist are told apart", async () => {
  const changed = (change: (url: URL) => void): string => {
    const url = new URL(server.url);
    change(url);
    return url.href;
  };
  const failures = await Promise.all(
    [
      changed((url) => (url.port = "1")),
      changed((url) => (url.password = "wrong-password")),
      changed((url) => (url.pathname = "/nowhere")),
      changed((url) => (url.hostname = "no-such-host.invalid")),
      "mysql://user:wrong-password@host/db",
      "not an address",
    ].map((url) => open(url).catch((error: unknown) => error)),
  );
  expect(failures.map((failure) => (failure as { code: string }).code)).toEqual([
    "DATABASE_DOWN",
    "DATABASE_REFUSED",
    "DATABASE_REFUSED",
    "DATABASE_DOWN",
    "DATABASE_URL_INVALID",
    "DATABASE_URL_INVALID",
  ]);
  for (const failure of failures) {
    const told = `${String(failure)} ${JSON.stringify(failure)}`;
    expect(told).not.toContain("wrong-password");
    expect(told).not.toContain("s3cret");
    expect((failure as { remedy: string }).remedy).not.toBe("");
  }
});
