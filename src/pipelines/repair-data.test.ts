import { copyFile, mkdtemp, open, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Database } from "#data/duckdb/database";
import { sqlText } from "#data/duckdb/sql";
import { DataError } from "#data/errors";
import { verifyStore } from "#data/store/verify";
import { openSource, refreshData } from "./refresh-data.ts";
import { repairData } from "./repair-data.ts";
import { storeOf, workspaceAt } from "./workspace.ts";

const shipped = join(import.meta.dirname, "../../fixtures/a-share-daily/a-share-daily-2017-2019.parquet");
const key = { calendar: "XSHG", freq: "day" } as const;

async function importedStore(): Promise<{ readonly root: string; readonly file: string }> {
  const root = await mkdtemp(join(tmpdir(), "repair-"));
  const file = join(root, "bars.parquet");
  await copyFile(shipped, file);
  await refreshData(workspaceAt(root), await openSource(`parquet:${file}`), { engine: "test" });
  return { root, file };
}

/** Flips one byte in the middle of the values of a segment. */
async function damage(root: string): Promise<void> {
  const folder = join(root, "store", "XSHG", "day", "segments");
  const name = (await readdir(folder)).find((each) => each.startsWith("bars-2-"))!;
  await using file = await open(join(folder, name), "r+");
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, 400_000);
  byte[0]! ^= 0x10;
  await file.write(byte, 0, 1, 400_000);
}

async function allCloses(root: string): Promise<Float64Array | Float32Array> {
  await using snapshot = await storeOf(workspaceAt(root), key).snapshot();
  const panel = await snapshot.readPanel({ set: "bars", role: "market" });
  const columns = [...panel.columns.values()];
  const all = new Float64Array(columns.length * columns[0]!.values.length);
  columns.forEach(({ values }, index) => all.set(values, index * values.length));
  return all;
}

test("damaged bars come back bit for bit from the source that their lineage names", async () => {
  const { root } = await importedStore();
  const before = await allCloses(root);
  await damage(root);
  await expect(allCloses(root)).rejects.toThrow(DataError);
  const report = await repairData(storeOf(workspaceAt(root), key), { engine: "test" });
  expect(report.lost).toEqual([]);
  expect(report.repaired).toHaveLength(1);
  expect(await allCloses(root)).toEqual(before);
  expect((await verifyStore(storeOf(workspaceAt(root), key), { currentOnly: true })).findings).toEqual([]);
});

test("a source that says something else now, or is gone, repairs nothing", async () => {
  const { root, file } = await importedStore();
  await damage(root);
  {
    using database = await Database.open();
    await database.run(
      `COPY (SELECT * REPLACE (volume * 2 AS volume) FROM ${sqlText(shipped)}) TO ${sqlText(file)} (FORMAT parquet)`,
    );
  }
  const changed = await repairData(storeOf(workspaceAt(root), key), { engine: "test" });
  expect(changed.repaired).toEqual([]);
  expect(changed.lost).toHaveLength(1);
  await rm(file);
  const gone = await repairData(storeOf(workspaceAt(root), key), { engine: "test" });
  expect(gone.repaired).toEqual([]);
  expect(gone.lost).toHaveLength(1);
});
