/**
 * Puts a finished directory in place of an old one. Two renames cannot be one step: a crash between them leaves the old
 * directory under its waiting name, and the next call puts it back before anything else.
 */
import { existsSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { syncFolder } from "../atomic-file.ts";

function waitingName(place: string): string {
  return path.join(path.dirname(place), `.${path.basename(place)}.replaced`);
}

/** Undoes a replacement that a crash interrupted, or finishes its clean-up. */
export function recoverDirectory(place: string): void {
  const waiting = waitingName(place);
  if (!existsSync(waiting)) return;
  if (existsSync(place)) rmSync(waiting, { recursive: true });
  else renameSync(waiting, place);
}

/** Moves `built` to `place`; what was at `place` is removed after the new one stands. */
export function replaceDirectory(built: string, place: string): void {
  const waiting = waitingName(place);
  const replaces = existsSync(place);
  if (replaces) renameSync(place, waiting);
  renameSync(built, place);
  syncFolder(path.dirname(place));
  if (replaces) rmSync(waiting, { recursive: true });
}
