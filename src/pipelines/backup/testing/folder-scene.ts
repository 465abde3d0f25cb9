import type { Disk } from "#data/store/disk";
import { localStorage } from "#data/store/local-storage";
import { openStore } from "#data/store/open-store";
import { sampleSessions } from "#data/store/testing/sample-store";
import { sceneKey, type Scene } from "./backup-scene.ts";

/** A workspace in a real folder, held by real processes. */
export function folderScene(root: string, disk: Disk): Scene {
  return {
    workspace: localStorage(root, disk),
    store: openStore(`${root}/store`, sceneKey, {
      sessionsBetween: sampleSessions,
      now: () => 0,
      keep: 2,
      layout: { tiers: [4, 16], chunkRows: 4, pileUp: 3 },
    }),
  };
}
