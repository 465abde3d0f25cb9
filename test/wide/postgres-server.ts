/** A real PostgreSQL server of a test's own, in a temporary folder. PostgreSQL does not run as root: then as `postgres`. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface PostgresServer {
  readonly url: string;
  readonly version: string;
  /** Stops and starts it again. `immediate` is a crash: connections are cut without a word. */
  restart(how?: "fast" | "immediate"): Promise<void>;
  /** Stops it; `start` brings it back at the same address. */
  halt(how?: "fast" | "immediate"): Promise<void>;
  start(): Promise<void>;
  /** Stops it for good and removes its folder. */
  stop(): Promise<void>;
}

const VERSIONS = "/usr/lib/postgresql";
const PASSWORD = "s3cret word/@";

/** Starts an empty server. Throws when this machine has no PostgreSQL: such a test fails, it is not skipped. */
export async function startPostgres(): Promise<PostgresServer> {
  const bin = binaries();
  const folder = mkdtempSync(join(tmpdir(), "postgres-"));
  // The server's user passes through the folder of the test run, which nobody but us may list.
  chmodSync(tmpdir(), (statSync(tmpdir()).mode & 0o7777) | 0o001);
  const port = await freePort();
  if (process.getuid?.() === 0) done(spawnSync("chown", ["postgres", folder], { encoding: "utf8" }), "chown");
  const password = join(folder, "password");
  writeFileSync(password, `${PASSWORD}\n`, { mode: 0o644 });
  const data = join(folder, "data");
  run(join(bin, "initdb"), [
    "-D",
    data,
    "-U",
    "alphaloom",
    "-A",
    "scram-sha-256",
    `--pwfile=${password}`,
    "-N",
  ]);
  const control = (action: string, ...more: string[]): void => {
    const log = join(folder, "log");
    const options = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c max_connections=60`;
    try {
      run(join(bin, "pg_ctl"), [action, "-D", data, "-w", "-t", "60", "-l", log, "-o", options, ...more]);
    } catch (error) {
      throw new Error(`${String(error)}\n${readFileSync(log, "utf8")}`, { cause: error });
    }
  };
  control("start");
  return {
    url: `postgresql://alphaloom:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/postgres`,
    version: readFileSync(join(data, "PG_VERSION"), "utf8").trim(),
    restart: (how = "fast") => Promise.resolve(control("restart", "-m", how)),
    halt: (how = "fast") => Promise.resolve(control("stop", "-m", how)),
    start: () => Promise.resolve(control("start")),
    stop: () => {
      try {
        control("stop", "-m", "immediate");
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
      return Promise.resolve();
    },
  };
}

function binaries(): string {
  const named = process.env["POSTGRES_BIN"];
  if (named !== undefined) return named;
  const versions = readdirSync(VERSIONS).map(Number).filter(Number.isFinite);
  if (versions.length === 0)
    throw new Error(`no PostgreSQL in ${VERSIONS}: install postgresql, or set POSTGRES_BIN`);
  return join(VERSIONS, String(Math.max(...versions)), "bin");
}

/** Runs a PostgreSQL program as a user that it accepts. */
function run(program: string, argv: readonly string[]): void {
  const asOther = process.getuid?.() === 0;
  const command = asOther ? "setpriv" : program;
  const full = asOther
    ? ["--reuid=postgres", "--regid=postgres", "--init-groups", "--", program, ...argv]
    : [...argv];
  // The server inherits what it is started with: a pipe would never close.
  done(spawnSync(command, full, { cwd: "/", stdio: "ignore" }), program);
}

function done({ status, error }: { status: number | null; error?: Error | undefined }, what: string): void {
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${what} ended with exit code ${status}`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
