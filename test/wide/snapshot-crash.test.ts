/**
 * A full export over an old snapshot, killed with SIGKILL at seeded moments, and on a disk that is too small: what is
 * there afterwards is the old snapshot or the new one, byte for byte, and the next export works. DEPTH=full takes many
 * times as many moments.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aShares, contentOf } from "../end-to-end/command-line.ts";
import { alphaloom, answerOf, done, Program } from "./testing/program.ts";
import { randomOfRound, SEED } from "./testing/seeds.ts";
import { smallDisk } from "./testing/tmpfs.ts";

const KILLS = process.env["DEPTH"] === "full" ? 100 : 10;

let folder: string;
let durationMs: number;
const exportArgv = ["snapshot", "export", "--id", "it", "--if-exists", "overwrite"];
/** The new snapshot: more columns and three forms. */
const newer = [...exportArgv, "--set", "alpha158", "--format", "h5", "parquet"];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "snapshot-crash-"));
  await done(folder, ["import", `parquet:${aShares}`]);
  // Exit code 3: the shipped bars have no amount, and so no VWAP0.
  expect((await alphaloom(folder, ["precompute", "run", "--set", "alpha158", "--no-validate"])).code).toBe(3);
  await done(folder, [...exportArgv, "--end", "2019-06-28"]);
  await done(folder, [...newer, "--root", "new"]);
  const started = performance.now();
  await done(folder, [...newer, "--root", "new"]);
  durationMs = performance.now() - started;
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Content of a snapshot without what depends on the moment. */
function bytesOf(root: string): ReadonlyMap<string, string> {
  const content = new Map(contentOf(join(root, "it")));
  const meta = JSON.parse(readFileSync(join(root, "it", "meta.json"), "utf8")) as { generated_at: string };
  content.set("meta.json", JSON.stringify({ ...meta, generated_at: "" }));
  return content;
}

test(`killed at ${KILLS} moments (seed ${SEED}) an export leaves the old snapshot or the new one`, async () => {
  const old = join(folder, "workspace", "snapshots");
  const [before, after] = [bytesOf(old), bytesOf(join(folder, "new"))];
  const seen = { killed: 0, old: 0, fresh: 0, half: 0 };
  for (let round = 0; round < KILLS; round++) {
    const random = randomOfRound(round);
    const root = join(folder, `round-${round}`);
    cpSync(old, root, { recursive: true });
    const program = new Program(folder, [...newer, "--root", root]);
    const part = 0.3 + 0.7 * random();
    const timer = setTimeout(() => program.signal("SIGKILL"), durationMs * part);
    const ended = await program.ended;
    clearTimeout(timer);
    if (ended.signal === "SIGKILL") seen.killed++;
    if (readdirSync(root).some((name) => name.endsWith(".part"))) seen.half++;
    // Whoever comes next puts in order what was cut off.
    const listed = answerOf(await done(folder, ["snapshot", "list", "--root", root, "--json"]));
    expect(listed).toMatchObject({ snapshots: [{ id: "it", problem: null }] });
    const found = bytesOf(root);
    const isOld = JSON.stringify([...found]) === JSON.stringify([...before]);
    if (isOld) seen.old++;
    else {
      expect(found, `round ${round}, after ${part.toFixed(3)} of the time`).toEqual(after);
      seen.fresh++;
    }
    expect(readdirSync(root).toSorted(), `round ${round}`).toEqual([".locks", "it"]);
    const verified = answerOf(
      await done(folder, ["snapshot", "verify", "--id", "it", "--root", root, "--json"]),
    );
    expect(verified).toMatchObject({ ok: true });
    await done(folder, [...newer, "--root", root]);
    expect(bytesOf(root), `round ${round}, exported again`).toEqual(after);
    rmSync(root, { recursive: true });
  }
  console.log(
    `killed ${seen.killed} of ${KILLS}: ${seen.half} while writing, ${seen.old} old, ${seen.fresh} new`,
  );
  expect(seen.half).toBeGreaterThan(0);
});

test("a disk that is full leaves the old snapshot and a coded error", async () => {
  const disk = smallDisk(40);
  try {
    const root = join(disk.folder, "snapshots");
    await done(folder, [...exportArgv, "--root", root]);
    const before = contentOf(root);
    const ended = await alphaloom(folder, [...newer, "--root", root, "--json"]);
    expect(ended.code).toBe(1);
    expect(answerOf(ended)).toMatchObject({ ok: false, error: { code: "DATA_DISK_FULL" } });
    expect(contentOf(root)).toEqual(before);
    expect(readdirSync(root).toSorted()).toEqual([".locks", "it"]);
  } finally {
    disk.remove();
  }
});
