import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Flips a byte in the middle of a set's first segment of a block; what is returned puts the file right again. */
export function damageSegment(workspace: string, set: string, block: number): () => void {
  const folder = join(workspace, "store", "XSHG", "day", "segments");
  const [name] = readdirSync(folder)
    .filter((each) => each.startsWith(`${set}-${block}-`))
    .sort();
  if (name === undefined) throw new Error(`${folder} has no segment of ${set}, block ${block}`);
  const file = join(folder, name);
  const bytes = readFileSync(file);
  const flip = (): void => {
    bytes[Math.floor(bytes.length * 0.3)]! ^= 0x55;
    writeFileSync(file, bytes);
  };
  flip();
  return flip;
}
