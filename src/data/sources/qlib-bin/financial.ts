/**
 * Point-in-time statements of a Qlib directory: `financial/<instrument>/<field>_q.data` (quarters) or `_a.data` (years).
 * A record is 20 bytes, little-endian: announcement date `YYYYMMDD` (uint32), period `YYYYQQ` or `YYYY` (uint32),
 * value (float64), byte offset of the record that revises it (uint32, all ones when none does). `<field>.index` holds
 * the first year and the offset of each period's first record; it is only checked here, not needed.
 */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { DataError } from "#data/errors";
import { dayOfYmd } from "#market/day";
import { folderOfInstrument } from "./folder-names.ts";
import { listFolder, readFailure } from "./readable-file.ts";

/** Records of one field in the order of announcement; revisions are records of the same period further on. Arrays have one length. */
export interface FinancialRecords {
  /** `YYYYQQ` for quarters (201803 is the third), `YYYY` for years. */
  readonly periods: Int32Array;
  /** Day the value became known. */
  readonly announced: Int32Array;
  readonly values: Float64Array;
}

const RECORD_BYTES = 20;
const NONE = 0xffff_ffff;

/**
 * Reads `field` (with its ending, `roewa_q`) of an instrument; undefined when it has no such file, as Qlib gives no rows then.
 * Throws DATA_VALUE_INVALID (ending), DATA_FILE_DAMAGED, DATA_DATE_INVALID, naming file and record.
 */
export function readFinancial(dir: string, instrument: string, field: string): FinancialRecords | undefined {
  const name = field.replace(/^\$+/, "").toLowerCase();
  if (!/_[qa]$/.test(name)) {
    throw new DataError(
      "DATA_VALUE_INVALID",
      `"${field}" does not say whether its periods are quarters or years`,
      {
        remedy: "write the field with its ending: _q for quarters, _a for years",
        place: { column: field },
      },
    );
  }
  const folder = path.join(dir, "financial", folderOfInstrument(instrument));
  const file = path.join(folder, `${name}.data`);
  if (!existsSync(file)) return undefined;
  const bytes = bytesOf(file);
  if (bytes.byteLength % RECORD_BYTES !== 0) {
    throw damaged(
      file,
      `is ${bytes.byteLength} bytes long, not a whole number of ${RECORD_BYTES}-byte records`,
    );
  }
  const count = bytes.byteLength / RECORD_BYTES;
  const records = {
    periods: new Int32Array(count),
    announced: new Int32Array(count),
    values: new Float64Array(count),
  };
  for (let i = 0; i < count; i++) {
    const at = i * RECORD_BYTES;
    const date = bytes.getUint32(at, true);
    const day = dayOfYmd(Math.floor(date / 10_000), Math.floor(date / 100) % 100, date % 100);
    if (Number.isNaN(day)) {
      throw new DataError("DATA_DATE_INVALID", `${file} record ${i + 1}: ${date} is not a date`, {
        remedy: "dump this field again",
        place: { file, row: i + 1, instrument },
      });
    }
    records.announced[i] = day;
    records.periods[i] = bytes.getUint32(at + 4, true);
    records.values[i] = bytes.getFloat64(at + 8, true);
    const next = bytes.getUint32(at + 16, true);
    if (next !== NONE && (next % RECORD_BYTES !== 0 || next + RECORD_BYTES > bytes.byteLength)) {
      throw damaged(file, `record ${i + 1} points to byte ${next}, where no record is`);
    }
  }
  checkIndex(path.join(folder, `${name}.index`), bytes, name.endsWith("_q"));
  return records;
}

/** Point-in-time fields of an instrument, with their endings, sorted; empty when it has none. */
export function financialFields(dir: string, instrument: string): string[] {
  const folder = path.join(dir, "financial", folderOfInstrument(instrument));
  if (!existsSync(folder)) return [];
  return listFolder(folder, "check the directory")
    .filter((name) => name.endsWith(".data"))
    .map((name) => name.slice(0, -".data".length));
}

/** Every offset of the index points to a record of the period it stands for. */
function checkIndex(file: string, data: DataView, quarterly: boolean): void {
  if (!existsSync(file)) return;
  const index = bytesOf(file);
  if (index.byteLength % 4 !== 0 || index.byteLength === 0) {
    throw damaged(file, `is ${index.byteLength} bytes long, not a whole number of 4-byte offsets`);
  }
  const firstYear = index.getUint32(0, true);
  for (let i = 0; i < index.byteLength / 4 - 1; i++) {
    const offset = index.getUint32(4 + i * 4, true);
    if (offset === NONE) continue;
    const period = quarterly ? (firstYear + (i >> 2)) * 100 + (i % 4) + 1 : firstYear + i;
    const inside = offset % RECORD_BYTES === 0 && offset + RECORD_BYTES <= data.byteLength;
    if (!inside || data.getUint32(offset + 4, true) !== period) {
      throw damaged(file, `says that period ${period} is at byte ${offset} of the data, where it is not`);
    }
  }
}

function bytesOf(file: string): DataView {
  try {
    const buffer = readFileSync(file);
    return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  } catch (error) {
    throw readFailure(error, file, "check the directory");
  }
}

function damaged(file: string, what: string): DataError {
  return new DataError("DATA_FILE_DAMAGED", `${file} ${what}`, {
    remedy: "dump this field again",
    place: { file },
  });
}
