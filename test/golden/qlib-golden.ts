import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { extract } from "tar";
import { parseDay } from "../../src/market/day.ts";
import type { Panel } from "../../src/panel/panel.ts";

/** Reads the outputs of real Qlib: matrices, their row index, and the `.bin` stores they were computed from. */
const root = resolve(dirname(fileURLToPath(import.meta.url)), "..", "..");

export function goldenFolder(): string {
  const folder = join(resolve(root, process.env["GOLDEN_DIR"] ?? "../shared/golden"), "qlib");
  if (!existsSync(folder)) throw new Error(`no goldens at ${folder}: set GOLDEN_DIR`);
  return folder;
}

export function goldenJson(name: string): unknown {
  return JSON.parse(readFileSync(join(goldenFolder(), name), "utf8"));
}

export function goldenNames(pattern: RegExp): string[] {
  return readdirSync(goldenFolder())
    .filter((name) => pattern.test(name))
    .sort();
}

interface MatrixFile {
  readonly file: string;
  readonly dtype: "f32" | "f64";
  readonly shape: readonly [number, number];
  readonly columns: readonly string[];
  readonly expressions?: readonly string[];
  readonly query?: readonly [string, string];
  readonly expr?: string;
  readonly native_dtype?: readonly string[];
  readonly per_column?: readonly { readonly expr: string; readonly native_dtype: readonly string[] }[];
  readonly index: {
    readonly instruments: readonly string[];
    readonly calendar: readonly string[];
    readonly row_instrument: readonly number[];
    readonly row_day: readonly number[];
  };
}

export interface Matrix extends MatrixFile {
  readonly rows: number;
  column(index: number): Float32Array | Float64Array;
}

export function goldenMatrix(name: string): Matrix {
  const meta = goldenJson(`${name}.json`) as MatrixFile;
  const bytes = gunzipSync(readFileSync(join(goldenFolder(), meta.file)));
  const rows = meta.shape[1];
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const values = meta.dtype === "f32" ? new Float32Array(buffer) : new Float64Array(buffer);
  if (values.length !== meta.shape[0] * rows) throw new Error(`${name}: ${values.length} values`);
  return { ...meta, rows, column: (index) => values.subarray(index * rows, (index + 1) * rows) };
}

/** Unpacks one of the archives into a temporary folder for the length of `use`. */
export async function withArchive<T>(name: string, use: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "golden-"));
  try {
    await extract({ file: join(goldenFolder(), name), cwd: folder });
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The folder below `folder` that holds `child`. */
export function holding(folder: string, child: string): string {
  const found = readdirSync(folder, { recursive: true, encoding: "utf8" }).find(
    (path) => path === child || path.endsWith(`/${child}`),
  );
  if (found === undefined) throw new Error(`no ${child} in the archive`);
  return join(folder, found, "..");
}

/** The cells of a column that the golden's rows name, in their order; cells outside an instrument's span are flagged. */
export function cellsOf(
  matrix: MatrixFile,
  panel: Panel,
  values: Float32Array | Float64Array,
): { readonly values: Float64Array; readonly own: Uint8Array } {
  const lanes = panel.instruments.length;
  const laneOf = matrix.index.instruments.map((id) => panel.instruments.indexOf(id));
  const rowOf = matrix.index.calendar.map((day) => panel.time.days.indexOf(parseDay(day)));
  const out = new Float64Array(matrix.index.row_day.length);
  const own = new Uint8Array(out.length);
  for (let index = 0; index < out.length; index++) {
    const lane = laneOf[matrix.index.row_instrument[index]!]!;
    const row = rowOf[matrix.index.row_day[index]!]!;
    if (lane < 0 || row < 0) throw new Error(`row ${index} of the golden is not in the panel`);
    out[index] = values[row * lanes + lane]!;
    own[index] = row >= panel.first[lane]! && row <= panel.last[lane]! ? 1 : 0;
  }
  return { values: out, own };
}

export interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
}

export interface Difference {
  readonly maskMismatches: number;
  readonly outside: number;
  readonly compared: number;
  readonly bitEqual: number;
  readonly worst: string;
}

/** Compares two columns cell by cell. `skip` marks cells that are left out altogether. */
export function differenceOf(
  ours: ArrayLike<number>,
  theirs: ArrayLike<number>,
  options: Tolerance & {
    readonly skip?: (index: number) => boolean;
    /** Added to the absolute tolerance of a cell. */
    readonly floor?: (index: number) => number;
  },
): Difference {
  let maskMismatches = 0;
  let outside = 0;
  let compared = 0;
  let bitEqual = 0;
  let worst = "";
  let worstBy = 0;
  for (let index = 0; index < theirs.length; index++) {
    if (options.skip?.(index) === true) continue;
    const a = ours[index]!;
    const b = theirs[index]!;
    compared++;
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) {
      bitEqual++;
      continue;
    }
    if (!Number.isFinite(a) || !Number.isFinite(b)) {
      maskMismatches++;
      if (worstBy !== Number.POSITIVE_INFINITY) worst = `cell ${index}: ${a}, Qlib has ${b}`;
      worstBy = Number.POSITIVE_INFINITY;
      continue;
    }
    const floor = options.absolute + (options.floor?.(index) ?? 0);
    const excess = Math.abs(a - b) - floor - options.relative * Math.abs(b);
    if (excess > 0) outside++;
    if (excess > worstBy || worst === "") {
      worstBy = Math.max(worstBy, excess);
      worst = `cell ${index}: ${a}, Qlib has ${b}`;
    }
  }
  return { maskMismatches, outside, compared, bitEqual, worst };
}
