import { DatabaseError } from "../errors.ts";
import type { ThreadReport } from "./messages.ts";

/** Why PGlite did not open its folder, as a coded error. */
export function whyRefused(folder: string, refused: ThreadReport & { kind: "refused" }): DatabaseError {
  if (refused.systemCode !== null) {
    const known = fileFailure(folder, refused.systemCode, refused.message);
    if (known !== null) return known;
  }
  const why = [refused.message, tellingLine(refused.log)].filter((part) => part !== "").join(": ");
  if (/no space left/i.test(why)) return fileFailure(folder, "ENOSPC", why)!;
  return new DatabaseError("DATABASE_DAMAGED", `${folder} cannot be opened: ${why}`, {
    remedy:
      "restore the folder from a backup; or move it away: market data and factors are kept elsewhere, only jobs, their logs and schedules are lost",
    place: { folder },
  });
}

/** Of PostgreSQL's last lines the one that says why, without its time stamp. */
export function tellingLine(log: readonly string[]): string {
  const severe = /^.*?(PANIC|FATAL|ERROR):/;
  const line = log.findLast((line) => severe.test(line)) ?? log.at(-1) ?? "";
  return line.replace(severe, "$1:");
}

/** What the operating system refused about the state folder; null for codes that say something else. */
export function fileFailure(folder: string, systemCode: string, message: string): DatabaseError | null {
  if (systemCode === "ENOSPC" || systemCode === "EDQUOT") {
    return new DatabaseError(
      "DATABASE_DISK_FULL",
      `no space for the state database in ${folder}: ${message}`,
      {
        remedy: "free space (a fresh state database takes 40 MB), then run the command again",
        place: { folder },
      },
    );
  }
  if (["EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST"].includes(systemCode)) {
    return new DatabaseError("DATABASE_NOT_PERMITTED", `${folder} cannot be written: ${message}`, {
      remedy: "give this user the right to it, or choose another workspace",
      place: { folder },
    });
  }
  return null;
}
