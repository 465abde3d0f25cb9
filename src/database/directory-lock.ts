/**
 * One process at a time has a PGlite folder open. PGlite itself locks nothing, and two that write one folder destroy it.
 * The lock is a file whose name says who holds it: of two that make theirs and then look for others', at most one goes
 * on (after the store's writer lock). A holder that is gone is cleared by the next.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DatabaseError } from "./errors.ts";

/** Who has the folder open: one use by one process, told apart across reboots and reused process numbers. */
export interface LockHolder {
  readonly host: string;
  readonly boot: string;
  readonly pid: number;
  /** Start of the process, in whatever unit the system gives. */
  readonly started: string;
  /** Tells the uses of one process apart. */
  readonly use: string;
}

/** Port: who we are, and whether another holder certainly is gone. */
export interface LockProcesses {
  self(): LockHolder;
  isGone(holder: LockHolder): boolean;
}

const NAME = /^([A-Za-z0-9._-]+)~([A-Za-z0-9._-]+)~(\d+)~([A-Za-z0-9._-]+)~([A-Za-z0-9._-]+)$/;
const RIVAL_ATTEMPTS = 4;

const nameOf = ({ host, boot, pid, started, use }: LockHolder): string =>
  [host, boot, pid, started, use].join("~");

function holderOf(name: string): LockHolder | null {
  const match = NAME.exec(name);
  if (match === null) return null;
  return { host: match[1]!, boot: match[2]!, pid: Number(match[3]), started: match[4]!, use: match[5]! };
}

/** The live holder of a folder's lock, or null. */
export function holderOfDirectory(directory: string, processes: LockProcesses): LockHolder | null {
  return liveHolders(join(directory, "holder"), processes, null)[0] ?? null;
}

/** Takes the folder's lock; the function returned gives it back. Throws DATABASE_LOCKED naming the holder. */
export async function lockDirectory(directory: string, processes: LockProcesses): Promise<() => void> {
  const folder = join(directory, "holder");
  mkdirSync(folder, { recursive: true });
  const own = processes.self();
  const name = nameOf(own);
  for (let attempt = 1; ; attempt++) {
    let others = liveHolders(folder, processes, name);
    if (others[0] === undefined) {
      writeFileSync(join(folder, name), "");
      others = liveHolders(folder, processes, name);
      if (others[0] === undefined) return () => rmSync(join(folder, name), { force: true });
      rmSync(join(folder, name), { force: true });
    }
    // Two that start at the same moment see each other and both step back; who holds it stays.
    if (attempt === RIVAL_ATTEMPTS) throw locked(folder, others[0], own);
    await sleep(5 + ((own.pid + attempt * 31) % 50));
  }
}

function liveHolders(folder: string, processes: LockProcesses, own: string | null): LockHolder[] {
  const live: LockHolder[] = [];
  for (const name of namesIn(folder)) {
    const holder = holderOf(name);
    if (holder === null || name === own) continue;
    if (processes.isGone(holder)) rmSync(join(folder, name), { force: true });
    else live.push(holder);
  }
  return live;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

function locked(folder: string, holder: LockHolder, own: LockHolder): DatabaseError {
  const file = join(folder, nameOf(holder));
  const same = holder.pid === own.pid && holder.host === own.host;
  return new DatabaseError(
    "DATABASE_LOCKED",
    same
      ? `this process (${holder.pid}) has the state database open already`
      : `process ${holder.pid} on ${holder.host} has the state database open`,
    {
      remedy: `wait until it is done, work through its server, or set DATABASE_URL to a PostgreSQL server, which takes any number of processes; if that process no longer exists, delete ${file}`,
      place: { pid: holder.pid, host: holder.host, file },
    },
  );
}
