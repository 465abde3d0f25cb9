/**
 * Makes a text file of a source readable in place for DuckDB: entries of zip archives are unpacked, other
 * encodings than UTF-8 rewritten, everything else left where it is (DuckDB reads gzip itself).
 */
import { open, readFile, writeFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { extname } from "node:path";
import type { Reading } from "../mapping/mapping.ts";
import type { SourceFile } from "../sources/locator.ts";
import { asDataError } from "../system-errors.ts";
import type { Scratch } from "./scratch.ts";
import { decodeText, encodingOf } from "./text-encoding.ts";
import { zipEntry } from "./zip.ts";

const HEAD_BYTES = 65_536;

export async function readableText(file: SourceFile, reading: Reading, scratch: Scratch): Promise<string> {
  try {
    if (file.entry !== undefined) {
      const bytes = await zipEntry(file.path, file.entry);
      const path = await scratch.pathFor(extname(file.entry) || ".csv");
      const encoding = encodingOf(bytes, reading.encoding);
      await writeFile(path, encoding === "utf-8" ? bytes : decodeText(bytes, encoding));
      return path;
    }
    const head = await headOf(file.path);
    const packed = head[0] === 0x1f && head[1] === 0x8b;
    if (packed) {
      if (reading.encoding === "auto" || reading.encoding === "utf-8") return file.path;
      const path = await scratch.pathFor(".csv");
      await writeFile(path, decodeText(gunzipSync(await readFile(file.path)), reading.encoding));
      return path;
    }
    const encoding = encodingOf(head, reading.encoding);
    if (encoding === "utf-8") return file.path;
    const path = await scratch.pathFor(extname(file.path));
    await writeFile(path, decodeText(await readFile(file.path), encoding));
    return path;
  } catch (error) {
    throw asDataError(error, { file: file.path, doing: "read" });
  }
}

async function headOf(path: string): Promise<Uint8Array> {
  const handle = await open(path, "r");
  try {
    const bytes = new Uint8Array(HEAD_BYTES);
    const { bytesRead } = await handle.read(bytes, 0, HEAD_BYTES, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
