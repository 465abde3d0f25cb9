/**
 * The names and attributes by which pandas' HDFStore recognises a frame in its fixed format, after
 * pandas.io.pytables (BlockManagerFixed, GenericFixed) and PyTables' array attributes.
 */
import type { FrameDtype } from "../export/frame.ts";
import type { ElementType, Hdf5File } from "./hdf5-file.ts";

/** Pandas writes version 0.15.2 since 2014; PyTables reads file format 2.1 since 2010. */
const pandasVersion = "0.15.2";
const pytablesFormat = "2.1";
/** Python's None, pickled with protocol 0. */
export const pickledNone = "N.";

export const dtypeElements = {
  f32: { kind: "float", bytes: 4 },
  f64: { kind: "float", bytes: 8 },
  i64: { kind: "integer", bytes: 8, signed: true },
} as const satisfies Readonly<Record<FrameDtype, ElementType>>;

/**
 * Codes of the index levels. Pandas writes the narrowest type that holds them and narrows what it reads, so that the
 * frame is the same; four bytes never have to be widened when rows are added.
 */
export const codeElement = { kind: "integer", bytes: 4, signed: true } as const satisfies ElementType;

export function describeRoot(file: Hdf5File): void {
  describeGroup(file, "/");
  file.setText("/", "PYTABLES_FORMAT_VERSION", pytablesFormat);
}

export function describeFrameGroup(file: Hdf5File, group: string, blocks: number): void {
  file.createGroup(group);
  describeGroup(file, group);
  file.setText(group, "pandas_type", "frame");
  file.setText(group, "pandas_version", pandasVersion);
  file.setText(group, "encoding", "UTF-8");
  file.setText(group, "errors", "strict");
  file.setInteger(group, "ndim", { value: 2, bytes: 8 });
  file.setInteger(group, "nblocks", { value: blocks, bytes: 8 });
  file.setText(group, "axis0_variety", "regular");
  file.setText(group, "axis1_variety", "multi");
  file.setInteger(group, "axis1_nlevels", { value: 2, bytes: 8 });
  for (let block = 0; block < blocks; block += 1)
    file.setText(group, `block${block}_items_variety`, "regular");
}

/** PyTables takes a chunked array that may grow for an EARRAY; `transposed` is how pandas wrote it. */
export function describeArray(file: Hdf5File, path: string): void {
  file.setText(path, "CLASS", "EARRAY");
  file.setText(path, "VERSION", "1.1");
  file.setText(path, "FLAVOR", "numpy");
  file.setText(path, "TITLE", "");
  file.setInteger(path, "EXTDIM", { value: 0, bytes: 4 });
  file.setInteger(path, "transposed", { value: 1, bytes: 1 });
}

/** Labels of an index without a name. */
export function describeItems(file: Hdf5File, path: string): void {
  file.setText(path, "kind", "string");
  file.setText(path, "name", pickledNone, "bytes");
}

/** Pandas 1.5 knows `datetime64` only, and later versions read it as nanoseconds too. */
export function describeLevel(
  file: Hdf5File,
  path: string,
  level: { readonly name: string; readonly kind: "datetime64" | "string" },
): void {
  file.setText(path, "kind", level.kind);
  file.setText(path, "name", level.name);
  file.setText(path, `axis1_name${level.name}`, level.name);
}

function describeGroup(file: Hdf5File, group: string): void {
  file.setText(group, "CLASS", "GROUP");
  file.setText(group, "VERSION", "1.0");
  file.setText(group, "TITLE", "");
}
