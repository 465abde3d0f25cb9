/**
 * Real kill -9 of a process that runs jobs on PGlite, again and again in the same folder: after each, the next process
 * goes on; in the end every shard of every job has one effect. DEPTH=full kills ten times as often.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openDatabase } from "../../src/database/open-database.ts";
import { testProcesses } from "../../src/database/testing/test-processes.ts";
import { checkEffects, killAgainAndAgain, seeded } from "../../src/jobs/testing/killed.ts";

const KILLS = process.env["DEPTH"] === "full" ? 200 : 20;
const home = mkdtempSync(join(tmpdir(), "jobs-kill-"));
afterAll(() => rmSync(home, { recursive: true }));

test(`jobs killed at ${KILLS} moments have every effect once`, async () => {
  const [place, folder] = [join(home, "state"), join(home, "effects")];
  mkdirSync(folder);
  const { killed } = await killAgainAndAgain({ place, folder }, KILLS, seeded(20_261_121));
  await using database = await openDatabase({ directory: place, processes: testProcesses });
  const jobs = await checkEffects(database, folder);
  const { rows } = await database.query<{ readonly deaths: number }>(
    "select coalesce(sum(deaths), 0)::int as deaths from alphaloom.step",
  );
  console.log(
    `killed ${killed} of ${KILLS} times: ${jobs} jobs, ${rows[0]!.deaths} steps under way when it happened`,
  );
  expect(killed).toBe(KILLS);
  expect(jobs).toBeGreaterThan(KILLS / 4);
  expect(rows[0]!.deaths).toBeGreaterThan(0);
});
