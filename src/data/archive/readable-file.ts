/**
 * Makes a text file of a source readable in place for DuckDB: entries of zip archives and gzip files are unpacked,
 * other encodings than UTF-8 rewritten, everything else left where it is. DuckDB reads gzip too, but takes a stream
 * that breaks off for a short one.
 */
import { createReadStream, createWriteStream } from "node:fs";
import { open, readFile, writeFile } from "node:fs/promises";
import { extname } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { DataError } from "../errors.ts";
import type { Reading } from "../mapping/mapping.ts";
import type { SourceFile } from "../sources/locator.ts";
import { asDataError } from "../system-errors.ts";
import type { Scratch } from "./scratch.ts";
import { decodeText, encodingOf } from "./text-encoding.ts";
import { zipEntry } from "./zip.ts";

const HEAD_BYTES = 65_536;

/** A path with the file's text as UTF-8, below `scratch` when it had to be made. Throws DATA_FILE_DAMAGED. */
export async function readableText(file: SourceFile, reading: Reading, scratch: Scratch): Promise<string> {
  try {
    if (file.entry !== undefined) {
      const path = await scratch.pathFor(extname(file.entry) || ".csv");
      await writeFile(path, await zipEntry(file.path, file.entry));
      return await inUtf8(path, reading, scratch);
    }
    const head = await headOf(file.path);
    const packed = head[0] === 0x1f && head[1] === 0x8b;
    const path = packed ? await unpacked(file.path, scratch) : file.path;
    return await inUtf8(path, reading, scratch);
  } catch (error) {
    throw asDataError(error, { file: file.path, doing: "read" });
  }
}

async function unpacked(path: string, scratch: Scratch): Promise<string> {
  const target = await scratch.pathFor(extname(path.replace(/\.gz$/i, "")) || ".csv");
  try {
    await pipeline(createReadStream(path), createGunzip(), createWriteStream(target));
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    if (code !== "Z_BUF_ERROR" && code !== "Z_DATA_ERROR") throw error;
    throw new DataError("DATA_FILE_DAMAGED", `${path} is no whole gzip stream (${message})`, {
      remedy: "get the file again from its origin; it is truncated or damaged",
      place: { file: path },
      cause: error,
    });
  }
  return target;
}

async function inUtf8(path: string, reading: Reading, scratch: Scratch): Promise<string> {
  const encoding = encodingOf(await headOf(path), reading.encoding);
  if (encoding === "utf-8") return path;
  const target = await scratch.pathFor(extname(path));
  await writeFile(target, decodeText(await readFile(path), encoding));
  return target;
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
