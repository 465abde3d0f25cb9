/** Runs the command line as a user does: a process of its own, in a folder of its own. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..", "..");
const pinnedNode = join(root, "node_modules", ".bin", process.platform === "win32" ? "node.cmd" : "node");
const main = join(root, "src", "cli", "main.ts");

export const aShares = join(root, "fixtures", "a-share-daily", "a-share-daily-2017-2019.parquet");

export interface Answer {
  /** Null when a signal ended the process. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  /** Milliseconds after which the process is killed; never unless told. */
  readonly killAfter?: number;
}

/** A new folder under the temporary one. */
export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), "end-to-end-"));
}

/** `alphaloom ARGUMENTS` with `folder` as the current one; the workspace is the folder's `workspace`. */
export function alphaloom(
  folder: string,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<Answer> {
  const child = spawn(pinnedNode, [main, ...argv], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    // Compiling the sources takes most of a short command; the processes of a test run share the result.
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), "compile-cache"), NO_COLOR: "1" },
  });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const timer =
    options.killAfter === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), options.killAfter);
  return new Promise((settle, fail) => {
    child.on("error", fail);
    child.on("close", (code) => {
      clearTimeout(timer);
      settle({ code, out, err });
    });
  });
}

/** As {@link alphaloom}, for what has to be there before a test; throws when it fails. */
export async function prepare(folder: string, argv: readonly string[]): Promise<void> {
  const { code, err } = await alphaloom(folder, argv);
  if (code !== 0) throw new Error(`alphaloom ${argv.join(" ")} ended with ${code}:\n${err}`);
}

/** The one JSON value that `--json` puts on stdout; throws when there is anything else. */
export function jsonOf(answer: Answer): unknown {
  try {
    return JSON.parse(answer.out) as unknown;
  } catch (error) {
    throw new Error(`stdout is not one JSON value:\n${answer.out}\n${answer.err}`, { cause: error });
  }
}

/** Path and SHA-256 of every file below a folder; equal when and only when the files are. */
export function contentOf(folder: string): ReadonlyMap<string, string> {
  if (!existsSync(folder)) return new Map();
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  return new Map(
    paths
      .filter((path) => statSync(join(folder, path)).isFile())
      .map((path) => [
        path,
        createHash("sha256")
          .update(readFileSync(join(folder, path)))
          .digest("hex"),
      ]),
  );
}
