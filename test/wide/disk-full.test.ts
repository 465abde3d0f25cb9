/** A disk that is full or read-only, as the kernel itself reports it: a small tmpfs. Needs the right to mount. */
import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { alphaloom, aShares, contentOf, jsonOf } from "../end-to-end/command-line.ts";

const mount = (...argv: string[]): boolean => spawnSync("mount", argv).status === 0;

interface Failure {
  readonly ok: false;
  readonly error: { readonly code: string; readonly remedy: string; readonly message: string };
}

test("a full and a read-only disk are coded errors, and the store stays as it was", async () => {
  const folder = mkdtempSync(join(tmpdir(), "disk-full-"));
  expect(mount("-t", "tmpfs", "-o", "size=3m", "tmpfs", folder), "a tmpfs could be mounted").toBe(true);
  try {
    const source = ["import", `parquet:${aShares}`, "--json"];
    const small = await alphaloom(folder, [...source, "--codes", "600000.SH,000001.SZ"]);
    expect(small.code, small.err).toBe(0);
    const before = contentOf(join(folder, "workspace", "store"));
    const full = await alphaloom(folder, source);
    expect(full.code).toBe(1);
    const { error } = jsonOf(full) as Failure;
    expect(error.code).toBe("DATA_DISK_FULL");
    expect(error.remedy).toMatch(/^free .*space/);
    const verify = await alphaloom(folder, ["data", "verify", "--json"]);
    expect(jsonOf(verify)).toMatchObject({ generations: [1], findings: [] });
    const after = contentOf(join(folder, "workspace", "store"));
    for (const [path, hash] of before) expect(after.get(path), path).toBe(hash);
    // The next writer collects whatever the failed one left.
    await alphaloom(folder, [...source, "--codes", "600000.SH"]);
    expect(contentOf(join(folder, "workspace", "store"))).toEqual(before);

    const out = ["--vwap", "typical", "--precision", "f64", "--out", "all.parquet", "--json"];
    const factors = await alphaloom(folder, ["factors", "eval", "--set", "alpha158", "alpha360", ...out]);
    expect(factors.code).toBe(1);
    expect((jsonOf(factors) as Failure).error.code).toBe("DATA_DISK_FULL");
    expect([...contentOf(folder).keys()].filter((path) => !path.startsWith("workspace"))).toEqual([]);

    expect(mount("-o", "remount,ro", folder)).toBe(true);
    const readOnly = await alphaloom(folder, source);
    expect(readOnly.code).toBe(1);
    expect((jsonOf(readOnly) as Failure).error.code).toBe("DATA_NOT_PERMITTED");
    const read = await alphaloom(folder, [
      "data",
      "dump",
      "--fields",
      "all",
      "--out",
      join(tmpdir(), "read-only.csv"),
    ]);
    expect(read.code, read.err).toBe(0);
    expect(contentOf(join(folder, "workspace", "store"))).toEqual(before);
  } finally {
    spawnSync("umount", [folder]);
  }
});
