/**
 * `features/<instrument>/<field>.<freq>.bin` of a Qlib directory: little-endian float32, element 0 the row of the
 * calendar at which the values begin, then one value per calendar row.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { DataError } from "#data/errors";
import { readFailure } from "./readable-file.ts";

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Values of one file and the calendar row of the first; `values` is a view that the next read overwrites. */
export interface FeatureSpan {
  readonly start: number;
  readonly values: Float32Array;
}

/** Reads many `.bin` files through one buffer. */
export class FeatureReader {
  #bytes = new Uint8Array(1 << 16);
  readonly #rows: number;

  /** `rows`: sessions of the calendar that the files point into. */
  constructor(rows: number) {
    this.#rows = rows;
  }

  /**
   * The file's values, or undefined when there is no such file. Values beyond the calendar are not read: an update writes
   * them before it puts the new calendar in place. Throws DATA_FILE_DAMAGED, DATA_NOT_PERMITTED.
   */
  read(file: string): FeatureSpan | undefined {
    const size = this.#load(file);
    if (size === undefined) return undefined;
    if (size === 0 || size % 4 !== 0) {
      throw damaged(
        file,
        `is ${size} bytes long, which is not a whole number of float32 values after a start row`,
      );
    }
    const words = new DataView(this.#bytes.buffer, 0, size);
    const start = words.getFloat32(0, true);
    const stored = size / 4 - 1;
    if (!Number.isInteger(start) || start < 0) {
      throw damaged(file, `begins at calendar row ${start}, which is no row`);
    }
    const length = Math.max(0, Math.min(stored, this.#rows - start));
    if (littleEndian) return { start, values: new Float32Array(this.#bytes.buffer, 4, length) };
    const values = new Float32Array(length);
    for (let i = 0; i < length; i++) values[i] = words.getFloat32(4 + i * 4, true);
    return { start, values };
  }

  /** Reads the file into the buffer; its size, or undefined when it is not there. */
  #load(file: string): number | undefined {
    let handle: number | undefined;
    try {
      handle = openSync(file, "r");
      const { size } = fstatSync(handle);
      if (size > this.#bytes.length) this.#bytes = new Uint8Array(2 ** Math.ceil(Math.log2(size)));
      let done = 0;
      while (done < size) {
        const read = readSync(handle, this.#bytes, done, size - done, done);
        if (read === 0) throw damaged(file, `ended after ${done} of ${size} bytes while it was read`);
        done += read;
      }
      return size;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw readFailure(error, file, "check the directory");
    } finally {
      if (handle !== undefined) closeSync(handle);
    }
  }
}

function damaged(file: string, what: string): DataError {
  return new DataError("DATA_FILE_DAMAGED", `${file} ${what}`, {
    remedy: "dump this instrument again, or copy the file from an intact directory",
    place: { file },
  });
}
