/** Writes rows, transactions and updates until it is killed, says what it found, and each number when the database has confirmed it. */
import { writeSync } from "node:fs";
import { openDatabase } from "../open-database.ts";
import { testProcesses } from "./test-processes.ts";

const database = await openDatabase({ directory: process.argv[2]!, processes: testProcesses });
await database.query(
  "create table if not exists public.step (n int primary key, payload text); create table if not exists public.twin (n int primary key)",
);
const { rows } = await database.query<{ n: number; count: number; torn: number }>(
  `select coalesce(max(n), 0) as n, count(*) as count,
     (select count(*) from public.step full join public.twin using (n)
      where (step.n is null or twin.n is null) and n % 3 <> 0) as torn
   from public.step`,
);
writeSync(1, `${JSON.stringify(rows[0])}\n`);
for (let n = rows[0]!.n + 1; ; n++) {
  if (n % 3 === 0) await database.query("insert into public.step values ($1, repeat('x', 2000))", [n]);
  else {
    await database.transaction(async (transaction) => {
      await transaction.query("insert into public.step values ($1, 'y')", [n]);
      await transaction.query("insert into public.twin values ($1)", [n]);
    });
  }
  if (n % 5 === 0)
    await database.query("update public.step set payload = payload || 'z' where n > $1", [n - 20]);
  writeSync(1, `${n}\n`);
}
