/** A workspace with a running server: commands work through it and print the same; its file comes and goes with it. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { alphaloom, aShares, jsonOf, newFolder, prepare } from "../end-to-end/command-line.ts";

const root = resolve(import.meta.dirname, "..", "..");
const folder = newFolder();
const file = join(folder, "workspace", "run", "serve.json");
const servers: ChildProcess[] = [];

interface ServerFile {
  readonly address: string;
  readonly token: string;
  readonly holder: { readonly pid: number };
}
const serverFile = (): ServerFile => JSON.parse(readFileSync(file, "utf8")) as ServerFile;

/** Starts a server and waits for its line. */
async function serve(...argv: string[]): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    [join(root, "src", "cli", "main.ts"), "serve", "--port", "0", ...argv],
    {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), "compile-cache"), DATABASE_URL: "" },
    },
  );
  servers.push(child);
  let said = "";
  await new Promise<void>((ready, fail) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said.includes("serving")) ready();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
    child.on("close", (code) => fail(new Error(`the server ended with ${code}: ${said}`)));
  });
  return child;
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((settle) => child.on("close", (code) => settle(code)));
}

beforeAll(() =>
  prepare(folder, ["import", `parquet:${aShares}`, "--codes", "600000.SH,000001.SZ,600519.SH"]),
);
afterAll(() => {
  for (const child of servers) child.kill("SIGKILL");
});

test("commands go through a running server and print what they print without it", async () => {
  const child = await serve("--threads", "1");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const run = await alphaloom(folder, ["precompute", "run", "--set", "base", "--json"]);
  expect(run.code, run.err).toBe(0);
  const { job } = jsonOf(run) as { job: string };
  const withServer = await alphaloom(folder, ["jobs", "list", "--json"]);
  expect(jsonOf(withServer)).toMatchObject({ ok: true, jobs: [{ id: job, state: "completed" }] });
  const shown = await alphaloom(folder, ["jobs", "show", job]);
  const second = await alphaloom(folder, ["serve", "--port", "0", "--json"]);
  expect(second.code).toBe(1);
  expect(jsonOf(second)).toMatchObject({ error: { code: "DATABASE_LOCKED", place: { pid: child.pid } } });
  const worker = await alphaloom(folder, ["worker", "--json"]);
  expect(jsonOf(worker)).toMatchObject({ error: { code: "DATABASE_LOCKED" } });

  const { address, token } = serverFile();
  const asked = await fetch(`${address}/api/v1/data/qlib/precompute`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ sets: ["base"], mode: "full" }),
  });
  expect(asked.status).toBe(202);
  const { task_id: task } = (await asked.json()) as { task_id: string };
  expect(task).toMatch(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/);
  await expect
    .poll(
      async () => {
        const answer = await fetch(`${address}/api/v1/data/qlib/precompute/status/${task}`, {
          headers: { authorization: `Bearer ${token}` },
        });
        return ((await answer.json()) as { job: { state: string } }).job.state;
      },
      { timeout: 60_000 },
    )
    .toBe("completed");

  const unknown = await alphaloom(folder, ["jobs", "show", "nobody", "--json"]);
  child.kill("SIGTERM");
  expect(await ended(child)).toBe(0);
  expect(existsSync(file)).toBe(false);

  const without = await alphaloom(folder, ["jobs", "list", "--json"]);
  expect((jsonOf(without) as { jobs: unknown[] }).jobs.slice(1)).toEqual(
    (jsonOf(withServer) as { jobs: unknown[] }).jobs,
  );
  expect(await alphaloom(folder, ["jobs", "show", job])).toEqual(shown);
  expect(await alphaloom(folder, ["jobs", "show", "nobody", "--json"])).toEqual(unknown);
});

test("the file of a killed server is no obstacle, and the next server replaces it", async () => {
  const child = await serve("--threads", "1");
  const { token } = serverFile();
  child.kill("SIGKILL");
  await ended(child);
  expect(serverFile().token).toBe(token);
  const list = await alphaloom(folder, ["jobs", "list", "--json"]);
  expect(list.code, list.err).toBe(0);
  const next = await serve("--threads", "1");
  expect(serverFile().token).not.toBe(token);
  next.kill("SIGINT");
  expect(await ended(next)).toBe(0);
  expect(existsSync(file)).toBe(false);
});

test("a server whose process lives and does not answer is said so; a file of nobody is passed over", async () => {
  const child = await serve("--threads", "1");
  const told = serverFile();
  writeFileSync(file, JSON.stringify({ ...told, address: "http://127.0.0.1:1" }));
  const mute = await alphaloom(folder, ["jobs", "list", "--json"]);
  expect(jsonOf(mute)).toMatchObject({ error: { code: "API_UNREACHABLE" } });
  expect(mute.code).toBe(1);
  child.kill("SIGTERM");
  await ended(child);
  writeFileSync(file, "{}");
  const list = await alphaloom(folder, ["jobs", "list", "--json"]);
  expect(list.code, list.err).toBe(0);
  rmSync(file);
});
