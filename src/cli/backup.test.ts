import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { storeOf, workspaceAt } from "#pipelines/workspace";
import { FakeS3 } from "#data/store/s3/testing/fake-s3";
import { sampleSet, sampleValues, temporaryFolder } from "#data/store/testing/sample-store";
import { currentDigest } from "#data/store/testing/store-digest";
import { dayOf } from "#market/day";
import { backupCommand } from "./backup.ts";

const key = { calendar: "XSHG", freq: "day" } as const;

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = undefined;
});

interface Answer {
  readonly backups: readonly { readonly backup: { readonly id: string } }[];
}

/** Runs a command line and gives its JSON answer and exit code. */
async function run(
  ...words: readonly string[]
): Promise<{ readonly answer: Answer; readonly code: unknown }> {
  let text = "";
  const out = vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  const err = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  process.exitCode = undefined;
  await backupCommand().parseAsync([...words, "--json"], { from: "user" });
  out.mockRestore();
  err.mockRestore();
  return { answer: JSON.parse(text) as Answer, code: process.exitCode };
}

async function writeDay(root: string, value: number): Promise<void> {
  await using writer = await storeOf(workspaceAt(root), key).writer();
  writer.cover(dayOf("2024-01-02"), dayOf("2024-01-31"));
  writer.addInstruments(["A"]);
  const close = sampleValues("f64", 5, () => value);
  await writer.put(sampleSet("bars", { close: "f64" }), 0, 0, [{ name: "close", values: close }]);
  await writer.commit({ reason: "test" });
}

test.each(["a folder", "a bucket"])("backups in %s: make, list, check, restore, remove", async (where) => {
  using folder = temporaryFolder();
  await using server = await FakeS3.start();
  const { endpoint, region, accessKeyId, secretAccessKey } = server.storageOptions();
  vi.stubEnv("AWS_ENDPOINT_URL", endpoint);
  vi.stubEnv("AWS_REGION", region);
  vi.stubEnv("AWS_ACCESS_KEY_ID", accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", secretAccessKey);
  vi.stubEnv("AWS_SESSION_TOKEN", "");
  const target = where === "a folder" ? join(folder.path, "backups") : "s3://test-bucket/alphaloom";
  const root = join(folder.path, "workspace");
  const shared = ["--workspace", root, "--target", target];
  await writeDay(root, 1);
  const made = await run("run", ...shared);
  expect(made).toMatchObject({ code: 0, answer: { ok: true, backups: [{ isNew: true }] } });
  const digest = await currentDigest(storeOf(workspaceAt(root), key));
  const { backup } = made.answer.backups[0]!;
  await writeDay(root, 2);
  expect((await run("run", ...shared)).answer.backups).toMatchObject([{ isNew: true, copiedFiles: 2 }]);
  expect((await run("run", ...shared)).answer.backups).toMatchObject([{ isNew: false }]);
  expect((await run("list", ...shared)).answer.backups).toMatchObject([{ generation: 2 }, { id: backup.id }]);
  expect(await run("verify", ...shared)).toMatchObject({
    code: 0,
    answer: { ok: true, backups: { length: 2 } },
  });
  expect(await run("restore", backup.id, ...shared)).toMatchObject({
    code: 1,
    answer: { ok: false, error: { code: "BACKUP_STORE_NEWER" } },
  });
  expect(await run("restore", backup.id, ...shared, "--force")).toMatchObject({
    code: 0,
    answer: { generation: 3 },
  });
  expect(await currentDigest(storeOf(workspaceAt(root), key))).toBe(digest);
  const empty = join(folder.path, "empty");
  const fresh = await run("restore", backup.id, "--workspace", empty, "--target", target);
  expect(fresh).toMatchObject({ code: 0, answer: { generation: 1, key } });
  expect(await currentDigest(storeOf(workspaceAt(empty), key))).toBe(digest);
  const pruned = await run("prune", "--keep", "1", ...shared);
  expect(pruned).toMatchObject({ code: 0, answer: { removedBackups: [backup.id] } });
  expect(await run("verify", backup.id, ...shared)).toMatchObject({
    code: 1,
    answer: { error: { code: "BACKUP_MISSING" } },
  });
  expect(await run("clean", "--workspace", root)).toMatchObject({ code: 0, answer: { ok: true } });
});

test.each<[string, readonly string[], number, string]>([
  ["no target", ["list"], 2, "CLI_USAGE"],
  ["a target of no known kind", ["list", "--target", "ftp://host/x"], 1, "BACKUP_TARGET"],
  ["a bucket without credentials", ["list", "--target", "s3://bucket/x"], 1, "BACKUP_TARGET"],
  ["keeping none", ["prune", "--target", "b", "--keep", "0"], 2, "CLI_USAGE"],
  ["a workspace without a store", ["run", "--target", "b", "--workspace", "nowhere"], 2, "CLI_USAGE"],
])("%s is told", async (_, words, code, error) => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "");
  vi.stubEnv("ALPHALOOM_BACKUP_TARGET", "");
  expect(await run(...words)).toMatchObject({ code, answer: { ok: false, error: { code: error } } });
});
