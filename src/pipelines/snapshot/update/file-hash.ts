import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { asDataError } from "#data/system-errors";

const PIECE = 4 << 20;

/** SHA-256 of a file in hex, read in pieces; other work gets its turn in between. Throws the usual file errors. */
export async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    const handle = openSync(file, "r");
    try {
      const piece = new Uint8Array(PIECE);
      for (let read = readSync(handle, piece); read > 0; read = readSync(handle, piece)) {
        hash.update(piece.subarray(0, read));
        await new Promise<void>((resolve) => {
          setImmediate(resolve);
        });
      }
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    throw asDataError(error, { file, doing: "read" });
  }
  return hash.digest("hex");
}
