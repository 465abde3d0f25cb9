/** The command line as processes that a test can kill: each leads a group of its own, so that nothing of it survives. */
import { spawn, type ChildProcess } from "node:child_process";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..", "..", "..");
const node = join(root, "node_modules", ".bin", "node");
const main = join(root, "src", "cli", "main.ts");

export interface Ended {
  /** Null when a signal ended the process. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface ProgramOptions {
  /** Address of a PostgreSQL server; the workspace's own database unless told. */
  readonly database?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export class Program {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #out = "";
  #err = "";
  #isOver = false;

  constructor(folder: string, argv: readonly string[], { database, environment }: ProgramOptions = {}) {
    const child = spawn(node, [main, ...argv], {
      cwd: folder,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        DATABASE_URL: database ?? "",
        // Compiling the sources takes most of a short command; the processes of a test run share the result.
        NODE_COMPILE_CACHE: join(tmpdir(), "compile-cache"),
        NO_COLOR: "1",
        ...environment,
      },
    });
    this.#child = child;
    child.stdout.setEncoding("utf8").on("data", (text: string) => (this.#out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (this.#err += text));
    this.ended = new Promise((settle, fail) => {
      child.on("error", fail);
      child.on("close", (code, signal) => {
        this.#isOver = true;
        settle({ code, signal, out: this.#out, err: this.#err });
      });
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** What it has said so far, on both streams. */
  get said(): string {
    return this.#out + this.#err;
  }

  /** Sends a signal to the whole group. */
  signal(name: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, name);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
    }
  }

  /** `kill -9` of the whole group; how it ended. */
  async kill(): Promise<Ended> {
    this.signal("SIGKILL");
    return await this.ended;
  }
}

/** Runs a command to its end. The workspace is the folder's `workspace`. */
export async function alphaloom(
  folder: string,
  argv: readonly string[],
  options: ProgramOptions = {},
): Promise<Ended> {
  return await new Program(folder, argv, options).ended;
}

/** As {@link alphaloom}, for what has to work; throws with everything it said when it does not. */
export async function done(
  folder: string,
  argv: readonly string[],
  options: ProgramOptions = {},
): Promise<Ended> {
  const ended = await alphaloom(folder, argv, options);
  if (ended.code !== 0)
    throw new Error(`alphaloom ${argv.join(" ")} ended with ${ended.code}:\n${ended.out}${ended.err}`);
  return ended;
}

/** The one JSON value that `--json` puts on stdout; throws when there is anything else. */
export function answerOf({ out, err }: Ended): unknown {
  try {
    return JSON.parse(out) as unknown;
  } catch (error) {
    throw new Error(`stdout is not one JSON value:\n${out}\n${err}`, { cause: error });
  }
}

export interface Refusal {
  readonly ok: false;
  readonly error: { readonly code: string; readonly message: string; readonly remedy: string };
}
