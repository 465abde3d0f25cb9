/** The embedded state database on a disk that is full or read-only: a small tmpfs. Needs the right to mount. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDatabase } from "../../src/database/open-database.ts";
import { testProcesses } from "../../src/database/testing/test-processes.ts";

const mount = (...argv: string[]): boolean => spawnSync("mount", argv).status === 0;

test("a full disk is said so at the start and in the middle, keeps what was confirmed, and is got over", async () => {
  const folder = mkdtempSync(join(tmpdir(), "state-full-"));
  expect(mount("-t", "tmpfs", "-o", "size=60m", "tmpfs", folder), "a tmpfs could be mounted").toBe(true);
  const filler = join(folder, "filler");
  const open = () => openDatabase({ directory: join(folder, "state"), processes: testProcesses });
  try {
    writeFileSync(filler, new Uint8Array(45 * 2 ** 20));
    await expect(open()).rejects.toMatchObject({ code: "DATABASE_DISK_FULL" });
    rmSync(filler);
    await using database = await open();
    await database.query("create table public.kept (id int, v text)");
    const row = "insert into public.kept select $1, repeat(md5(g::text), 3000) from generate_series(1, 20) g";
    let confirmed = 0;
    const fill = async (): Promise<unknown> => {
      try {
        for (;;) {
          await database.query(row, [confirmed]);
          confirmed += 1;
        }
      } catch (error) {
        return error;
      }
    };
    const failure = await fill();
    expect((failure as { code: string }).code).toMatch(/^DATABASE_(DISK_FULL|DOWN)$/);
    expect(String(failure)).toMatch(/space/i);
    const filled = (await database.query("select 1").catch((error: unknown) => error)) as { code?: string };
    expect(filled.code ?? "works").toMatch(/^(works|DATABASE_DOWN)$/);
    // Room for the recovery.
    expect(mount("-o", "remount,size=120m", folder)).toBe(true);
    await database.whenUp();
    const { rows } = await database.query("select count(distinct id)::int as n from public.kept");
    expect(rows).toEqual([{ n: confirmed }]);
    await database.query("insert into public.kept values (-1, '')");
    writeFileSync(filler, new Uint8Array(20 * 2 ** 20));
    expect(spawnSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=64k"]).status, "the disk is full").toBe(1);
    await database.close();

    expect(mount("-o", "remount,ro", folder)).toBe(true);
    await expect(open()).rejects.toMatchObject({ code: "DATABASE_NOT_PERMITTED" });
  } finally {
    spawnSync("umount", ["-l", folder]);
  }
});
