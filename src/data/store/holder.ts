import { readFileSync } from "node:fs";
import { hostname, uptime } from "node:os";
import { threadId } from "node:worker_threads";

/** Who holds a lock or a pin: one use by one process, told apart across reboots and reused process numbers. */
export interface Holder {
  readonly host: string;
  /** Which boot of the host. */
  readonly boot: string;
  readonly pid: number;
  /** Start of the process, in whatever unit the system gives; "0" when unknown. */
  readonly started: string;
  /** Tells the uses of one process apart. */
  readonly use: string;
}

/** Port: who we are, and whether another holder certainly is gone. */
export interface Processes {
  self(): Holder;
  isGone(holder: Holder): boolean;
}

const NAME = /^([A-Za-z0-9._-]+)~([A-Za-z0-9._-]+)~(\d+)~(\d+)~([A-Za-z0-9._-]+)$/;

/** A holder as a file name, so that making the file and saying who made it are one atomic step. */
export function nameOfHolder(holder: Holder): string {
  return [holder.host, holder.boot, holder.pid, holder.started, holder.use].join("~");
}

/** The holder a file name tells, or null for another kind of file. */
export function holderOfName(name: string): Holder | null {
  const match = NAME.exec(name);
  if (match === null) return null;
  return { host: match[1]!, boot: match[2]!, pid: Number(match[3]), started: match[4]!, use: match[5]! };
}

export function describeHolder(holder: Holder): string {
  return `process ${holder.pid} on ${holder.host}`;
}

const plain = (text: string): string => text.replace(/[^A-Za-z0-9._-]/g, "_").slice(0, 60) || "_";

/** Linux names every boot and every process's start; elsewhere the boot is the minute the host came up. */
function bootOf(): string {
  if (process.platform !== "linux") return `up-${Math.round((Date.now() / 1000 - uptime()) / 60)}`;
  return plain(readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8));
}

function startOf(pid: number): string | null {
  if (process.platform !== "linux") return null;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH"))
      return "";
    throw error;
  }
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

let uses = 0;

/** The processes of this host. A holder on another host is never known to be gone. */
export const hostProcesses: Processes = {
  self: () => ({
    host: plain(hostname()),
    boot: bootOf(),
    pid: process.pid,
    started: startOf(process.pid) ?? "0",
    use: `${threadId}.${uses++}`,
  }),
  isGone(holder) {
    if (holder.host !== plain(hostname())) return false;
    if (holder.boot !== bootOf()) return true;
    if (!runs(holder.pid)) return true;
    const started = startOf(holder.pid);
    return started !== null && holder.started !== "0" && started !== holder.started;
  },
};
