/** Backs the store of a folder up, prunes, writes a generation, and again, until it is killed; says each backup when it is made. */
import { writeSync } from "node:fs";
import { localStorage } from "#data/store/local-storage";
import { nodeDisk } from "#data/store/node-disk";
import { backupStore } from "../backup-store.ts";
import { pruneBackups } from "../prune-backups.ts";
import { nextGeneration } from "./backup-scene.ts";
import { folderScene } from "./folder-scene.ts";

const folder = process.argv[2]!;
const scene = folderScene(`${folder}/workspace`, nodeDisk);
const target = localStorage(`${folder}/backups`);
if (!(await scene.store.exists())) await nextGeneration(scene);
writeSync(1, "ready\n");
for (;;) {
  const { backup } = await backupStore(scene.store, target, { workspace: scene.workspace });
  writeSync(1, `${backup.id}\n`);
  await pruneBackups(target, { keep: 2 });
  await nextGeneration(scene);
}
