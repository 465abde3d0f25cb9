import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A small disk of its own, as the kernel makes it. */
export interface SmallDisk {
  readonly folder: string;
  makeReadOnly(): void;
  remove(): void;
}

/** Throws where mounting is not allowed: such a test fails, it is not skipped. */
export function smallDisk(megabytes: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), "small-disk-"));
  mount("-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder);
  return {
    folder,
    makeReadOnly: () => mount("-o", "remount,ro", folder),
    remove: () => void spawnSync("umount", ["-l", folder]),
  };
}

function mount(...argv: string[]): void {
  const { status, stderr } = spawnSync("mount", argv, { encoding: "utf8" });
  if (status !== 0) throw new Error(`mount ${argv.join(" ")}: ${stderr}; this test needs the right to mount`);
}
