import { randomUUID } from "node:crypto";
import type { LockHolder, LockProcesses } from "../directory-lock.ts";

/** The processes of this machine, told by their number alone: enough for tests, which do not reboot. */
export const testProcesses: LockProcesses = {
  self: (): LockHolder => ({ host: "here", boot: "boot", pid: process.pid, started: "0", use: randomUUID() }),
  isGone: ({ pid }) => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return true;
    }
  },
};
