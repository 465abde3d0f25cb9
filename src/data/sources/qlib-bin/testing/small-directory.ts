/** A hand-made Qlib directory in a temporary folder, for tests. */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

export interface SmallDirectory {
  readonly calendar: readonly string[];
  /** File name under instruments/ → its text. */
  readonly markets?: Readonly<Record<string, string>>;
  /** `folder/field` → start row and values. */
  readonly features: Readonly<Record<string, readonly [start: number, ...values: number[]]>>;
}

/** Writes the directory and returns its path. */
export function smallDirectory(content: SmallDirectory): string {
  const root = mkdtempSync(path.join(os.tmpdir(), "qlib-"));
  mkdirSync(path.join(root, "calendars"));
  writeFileSync(path.join(root, "calendars", "day.txt"), content.calendar.map((day) => `${day}\n`).join(""));
  mkdirSync(path.join(root, "instruments"));
  for (const [name, text] of Object.entries(content.markets ?? {})) {
    writeFileSync(path.join(root, "instruments", name), text);
  }
  mkdirSync(path.join(root, "features"));
  for (const [name, values] of Object.entries(content.features)) {
    const file = path.join(root, "features", `${name}.day.bin`);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, new Uint8Array(Float32Array.from(values).buffer));
  }
  return root;
}
