/**
 * Real kill -9 of an update of a Qlib directory with factors, at seeded moments of each of 20 days of real data: suspended
 * days with and without rows in the source, a late correction, an ex-day and a new listing among them. What a reader finds
 * is a calendar whose days are all there, and the next update ends with the bytes of a fresh dump. DEPTH=full takes ten
 * times as many moments.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Database } from "../../src/data/duckdb/database.ts";
import { sqlText } from "../../src/data/duckdb/sql.ts";
import { readExportRecord } from "../../src/data/export/qlib-bin/export-record.ts";
import { FeatureReader } from "../../src/data/sources/qlib-bin/feature-file.ts";
import { openQlibDirectory } from "../../src/data/sources/qlib-bin/directory.ts";
import { readMarketFile } from "../../src/data/sources/qlib-bin/market-file.ts";
import { shippedFactors } from "../../src/factors/catalogue.ts";
import { isoOf } from "../../src/market/day.ts";
import { upperRow } from "../../src/panel/axes.ts";
import { dumpQlibDirectory } from "../../src/pipelines/qlib-directory/dump-directory.ts";
import { updateQlibDirectory } from "../../src/pipelines/qlib-directory/update-directory.ts";
import { storeFactors } from "../../src/pipelines/store-factors.ts";
import { sharedData } from "../golden/shared-data.ts";
import { done } from "./testing/program.ts";
import { randomOfRound, SEED } from "./testing/seeds.ts";
import { storeIn } from "./testing/store-content.ts";

const KILLS_A_DAY = process.env["DEPTH"] === "full" ? 5 : 0.5;
const DAYS = 20;
const ENGINE = "test";
const child = join(import.meta.dirname, "testing", "qlib-update-child.ts");
const node = join(import.meta.dirname, "..", "..", "node_modules", ".bin", "node");
const source = `read_parquet(${sqlText(sharedData("reference", "csi300-daily-2020-2025.parquet"))})`;
const set = shippedFactors.set("alpha158");

let folder: string;
let days: string[];
let codes: string[];
const place = (name: string): string => join(folder, name);

/** Stocks with suspensions in the days that are appended, and some without. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "qlib-update-kill-"));
  using database = await Database.open();
  const all = (await database.rows(`SELECT DISTINCT trade_date AS day FROM ${source} ORDER BY 1`)).map(
    (row) => isoOf(Number(row["day"])),
  );
  const [best] = await database.rows(
    `WITH n AS (SELECT trade_date d, row_number() OVER (ORDER BY trade_date) - 1 AS i FROM (SELECT DISTINCT trade_date FROM ${source}))
     SELECT (i // ${DAYS}) * ${DAYS} AS first, count(DISTINCT ts_code) AS stocks FROM ${source} JOIN n ON d = trade_date
     WHERE tradestatus = 0 AND i > 60 GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1`,
  );
  const first = Number(best!["first"]);
  days = all.slice(Math.max(0, first - 120), first + DAYS);
  const ordered = await database.rows(
    `SELECT ts_code, count(*) FILTER (tradestatus = 0) AS suspended FROM ${source}
     WHERE trade_date BETWEEN DATE ${sqlText(all[first]!)} AND DATE ${sqlText(days.at(-1)!)}
     GROUP BY 1 HAVING count(*) = ${DAYS} ORDER BY 2 DESC, 1 LIMIT 10`,
  );
  codes = ordered.map((row) => String(row["ts_code"]));
  expect(Number(ordered[3]!["suspended"])).toBeGreaterThan(0);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * The rows known at the end of a day. The second stock's suspended days have no rows at all; the last stock is listed on
 * day 8; on day 5 a close of three weeks before is corrected.
 */
async function importUntil(index: number, workspace: string): Promise<void> {
  const end = days[days.length - DAYS + index] ?? days.at(-1)!;
  const listed = days[days.length - DAYS + 8]!;
  const corrected = days[days.length - DAYS - 15]!;
  using database = await Database.open();
  const file = place("market.parquet");
  await database.run(
    `COPY (SELECT * REPLACE (CASE WHEN ${index >= 5} AND ts_code = ${sqlText(codes[4]!)} AND trade_date = DATE ${sqlText(corrected)}
                             THEN close * 1.001 ELSE close END AS close)
       FROM ${source} WHERE ts_code IN (${codes.map(sqlText).join(", ")})
         AND trade_date BETWEEN DATE ${sqlText(days[0]!)} AND DATE ${sqlText(end)}
         AND NOT (ts_code IN (${codes.slice(0, 2).map(sqlText).join(", ")}) AND tradestatus = 0)
         AND NOT (ts_code = ${sqlText(codes.at(-1)!)} AND trade_date < DATE ${sqlText(listed)})
       ORDER BY ts_code, trade_date) TO ${sqlText(file)} (FORMAT parquet)`,
  );
  await done(folder, ["import", `parquet:${file}`, "--workspace", workspace]);
  await storeFactors(storeIn(workspace), [set], { engine: ENGINE });
}

async function dump(workspace: string, dir: string): Promise<void> {
  const store = storeIn(workspace);
  await using snapshot = await store.snapshot();
  await dumpQlibDirectory(store, snapshot, dir, {
    sets: [set],
    engine: ENGINE,
    overwrite: true,
    durable: false,
  });
}

async function update(workspace: string, dir: string): Promise<string> {
  const store = storeIn(workspace);
  await using snapshot = await store.snapshot();
  const { mode } = await updateQlibDirectory(store, snapshot, dir, {
    registry: shippedFactors,
    engine: ENGINE,
  });
  return mode;
}

/** Kills an update so long after it began; whether it was killed before it was done. */
async function killed(workspace: string, dir: string, delayMs: number): Promise<boolean> {
  const started = spawn(node, [child, workspace, dir, ENGINE], { stdio: ["pipe", "pipe", "inherit"] });
  const closed = once(started, "close");
  await once(started.stdout, "data");
  started.stdin.write("go\n");
  const timer = setTimeout(() => started.kill("SIGKILL"), delayMs);
  await closed;
  clearTimeout(timer);
  if (started.signalCode !== "SIGKILL" && started.exitCode !== 0)
    throw new Error(`the update ended with ${started.exitCode}`);
  return started.signalCode === "SIGKILL";
}

function contentOf(root: string): Map<string, Buffer> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map((entry) => {
      const file = join(entry.parentPath, entry.name);
      return [relative(root, file), readFileSync(file)];
    }),
  );
}

function differing(mine: Map<string, Buffer>, theirs: Map<string, Buffer>): string[] {
  return [...new Set([...mine.keys(), ...theirs.keys()])].filter(
    (name) => !(mine.get(name)?.equals(theirs.get(name) ?? Buffer.of()) ?? false),
  );
}

/** Instruments whose listed days inside the calendar are not all in the file: what a reader must never meet. */
function missingDays(dir: string): string[] {
  const { time } = openQlibDirectory(dir);
  const reader = new FeatureReader(time.days.length);
  const { spans } = readMarketFile(join(dir, "instruments", "all.txt"), "all");
  return [...spans].flatMap(([code, [span]]) => {
    const end = upperRow(time, span!.end);
    if (span!.start > time.days.at(-1)!) return [];
    const found = reader.read(join(dir, "features", code.toLowerCase(), "close.day.bin"));
    return found !== undefined && found.start + found.values.length >= end ? [] : [code];
  });
}

test(
  `killed on ${DAYS} days, ${KILLS_A_DAY} times a day (seed ${SEED}), an update ends as a fresh dump`,
  { timeout: 3_600_000 },
  async () => {
    const workspace = place("workspace");
    const dir = place("qlib");
    const seen = { killed: 0, untouched: 0, half: 0, whole: 0 };
    const modes = new Map<string, number>();
    await importUntil(-1, workspace);
    await dump(workspace, dir);
    let durationMs = 300;
    let round = 0;
    for (let day = 0; day < DAYS; day++) {
      await importUntil(day, workspace);
      await dump(workspace, place("fresh"));
      const fresh = contentOf(place("fresh"));
      const before = contentOf(dir);
      for (; round < (day + 1) * KILLS_A_DAY; round++) {
        const what = `day ${day}, round ${round}`;
        const copy = place("copy");
        cpSync(dir, copy, { recursive: true });
        const random = randomOfRound(round);
        // Twice in a row now and then: an update that finishes another is killed too.
        for (let times = random() < 0.3 ? 2 : 1; times > 0; times--)
          if (await killed(workspace, copy, durationMs * random() * 1.2)) seen.killed++;
        const found = contentOf(copy);
        if (differing(found, fresh).length === 0) seen.whole++;
        else if (differing(found, before).length === 0) seen.untouched++;
        else {
          seen.half++;
          expect((await readExportRecord(copy))?.updating?.length, what).toBeGreaterThan(0);
        }
        expect(missingDays(copy), what).toEqual([]);
        const mode = await update(workspace, copy);
        modes.set(mode, (modes.get(mode) ?? 0) + 1);
        expect(differing(contentOf(copy), fresh), what).toEqual([]);
        expect(existsSync(place(".copy.update")), what).toBe(false);
        rmSync(copy, { recursive: true });
      }
      const started = performance.now();
      expect(await update(workspace, dir), `day ${day}`).toBe("changed");
      durationMs = performance.now() - started;
      expect(differing(contentOf(dir), fresh), `day ${day}`).toEqual([]);
    }
    console.log(
      `killed ${seen.killed} times: ${seen.untouched} before a byte was written, ${seen.half} in between, ${seen.whole} after; then ${JSON.stringify(Object.fromEntries(modes))}`,
    );
    expect(seen.half).toBeGreaterThan(DAYS * KILLS_A_DAY * 0.3);
  },
);
