/**
 * Changes `.bin` files where they lie. The place of a value follows from the file's start row and the calendar, never from
 * where the file happens to end: writing the same rows twice is writing them once, suspended days are rows like others,
 * and what a killed process left is overwritten. Only bytes that differ are written.
 */
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { asDataError } from "#data/system-errors";
import type { Values } from "../series-table.ts";
import { encodeFeatureInto } from "./feature-bytes.ts";

/** Some rows of an instrument whose file begins at calendar row `start` and holds `length` values. */
export interface FeaturePart {
  readonly start: number;
  readonly length: number;
  /** Calendar row of the first value. */
  readonly from: number;
  readonly values: Values;
}

/** `unfit`: the file is not there, begins elsewhere or lacks rows outside the part; it has to be written whole. */
export type Patched = "same" | "written" | "unfit";

export class FeaturePatcher {
  written = 0;
  same = 0;
  /** Values that were written, in bytes. */
  bytes = 0;
  /** Folders and files that are not durable yet. */
  readonly touched: string[] = [];
  readonly #part: string;
  #own = new DataView(new ArrayBuffer(1 << 16));
  #found = new Uint8Array(1 << 16);

  /** `scratch`: a folder on the same file system, for files that replace others. */
  constructor(scratch: string) {
    this.#part = path.join(scratch, "feature");
  }

  /** Writes a part into a file that holds the other rows already. */
  patch(file: string, part: FeaturePart): Patched {
    const { start, length, from, values } = part;
    let handle: number;
    try {
      handle = openSync(file, "r+");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return "unfit";
      throw asDataError(error, { file, doing: "write" });
    }
    try {
      const { size } = fstatSync(handle);
      const at = 4 + 4 * (from - start);
      const end = at + 4 * values.length;
      const whole = 4 + 4 * length;
      if (size < at || size % 4 !== 0 || Math.max(size, end) < whole) return "unfit";
      this.#encode(start, values);
      if (this.#read(handle, 0, 4) < 4 || this.#differsFrom(0, 4) < 4) return "unfit";
      const overlap = Math.min(size, end) - at;
      const known = overlap > 0 ? this.#read(handle, at, overlap) : 0;
      const equal = this.#differsFrom(4, known);
      if (at + equal < end) {
        const data = new Uint8Array(this.#own.buffer, 4 + equal, end - at - equal);
        for (let done = 0; done < data.length;)
          done += writeSync(handle, data, done, data.length - done, at + equal + done);
        this.bytes += data.length;
      }
      if (size > whole) ftruncateSync(handle, whole);
      if (at + equal >= end && size <= whole) {
        this.same++;
        return "same";
      }
      this.#wrote(file);
      return "written";
    } catch (error) {
      throw asDataError(error, { file, doing: "write" });
    } finally {
      closeSync(handle);
    }
  }

  /** Writes a whole file: in place where it only goes on or differs in values, else by replacing it. */
  write(file: string, start: number, values: Values): void {
    if (this.patch(file, { start, length: values.length, from: start, values }) !== "unfit") return;
    const size = this.#encode(start, values);
    try {
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(this.#part, new Uint8Array(this.#own.buffer, 0, size));
      renameSync(this.#part, file);
    } catch (error) {
      throw asDataError(error, { file, doing: "write" });
    }
    this.bytes += size;
    this.#wrote(file);
    // Windows keeps no handle on folders.
    if (process.platform !== "win32") this.touched.push(path.dirname(file));
  }

  #wrote(file: string): void {
    this.written++;
    this.touched.push(file);
  }

  #encode(start: number, values: Values): number {
    const size = 4 + values.length * 4;
    if (size > this.#own.byteLength) {
      this.#own = new DataView(new ArrayBuffer(size * 2));
      this.#found = new Uint8Array(size * 2);
    }
    return encodeFeatureInto(this.#own, start, values);
  }

  #read(handle: number, at: number, length: number): number {
    let done = 0;
    while (done < length) {
      const read = readSync(handle, this.#found, done, length - done, at + done);
      if (read === 0) break;
      done += read;
    }
    return done;
  }

  /** How many of `length` bytes just read are as the encoded ones from `offset` on, in whole values. */
  #differsFrom(offset: number, length: number): number {
    const own = new Uint8Array(this.#own.buffer, offset, length);
    let equal = 0;
    while (equal < length && own[equal] === this.#found[equal]) equal++;
    return equal - (equal % 4);
  }
}
