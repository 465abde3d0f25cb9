import { codeInForm, type CodeForm } from "#data/export/qlib-bin/code-form";
import { asOnlyWriter } from "#data/export/qlib-bin/directory-lock";
import { dumpQlib, type QlibDumpResult } from "#data/export/qlib-bin/dump";
import { EXPORT_RECORD, recordText, type ExportRecord } from "#data/export/qlib-bin/export-record";
import { featureNames } from "#data/export/qlib-bin/feature-name";
import type { VwapRule } from "#data/export/qlib-bin/qlib-fields";
import type { OpenedStore } from "#data/store/open-store";
import type { StoreSnapshot } from "#data/store/panel-store";
import type { FactorSet } from "#factors/factor-set";
import { storeName } from "../workspace.ts";
import { directoryParts, type DirectoryPart } from "./directory-parts.ts";

export interface QlibExport {
  /** Spelling of the instruments. Default `qlib`: SZ000001. */
  readonly codes?: CodeForm;
  /** Factor sets written as features beside the bars. */
  readonly sets?: readonly FactorSet[];
  readonly vwap?: VwapRule;
  /** Writes the further fields of the data too: `turn`, `pe_ttm`, … Default false. */
  readonly extra?: boolean;
  readonly overwrite?: boolean;
  /** Version of the program: stored factors of it are read, others computed. */
  readonly engine: string;
  /** Flushes every file to the disk. Default true. */
  readonly durable?: boolean;
  readonly signal?: AbortSignal;
  readonly onInstruments?: (done: number, of: number) => void;
}

/** How a directory is written, as its record has it. */
export type DirectoryForm = Pick<ExportRecord, "engine" | "store" | "codes" | "vwap" | "extra" | "sets">;

/**
 * A generation of a store as a Qlib provider directory, with the factors of some sets if asked for; `export.json` says
 * what it shows, for later updates. Throws what `dumpQlib` throws, and STORE_LOCKED while another process writes to it.
 */
export async function dumpQlibDirectory(
  store: OpenedStore,
  snapshot: StoreSnapshot,
  dir: string,
  options: QlibExport,
): Promise<QlibDumpResult> {
  const { sets = [], codes = "qlib", vwap = "amount", extra = false, engine, signal } = options;
  const form = formOf(store, { sets, codes, vwap, extra, engine });
  const content = { sets, vwap, extra, engine, ...(signal && { signal }) };
  return await asOnlyWriter(dir, async () => {
    const parts = await directoryParts(store, snapshot, content);
    return await writeDirectory(dir, { snapshot, parts, form }, options);
  });
}

export function formOf(
  store: OpenedStore,
  {
    sets,
    codes,
    vwap,
    extra,
    engine,
  }: Required<Pick<QlibExport, "sets" | "codes" | "vwap" | "extra" | "engine">>,
): DirectoryForm {
  return {
    engine: `alphaloom ${engine}`,
    store: storeName(store.key),
    codes,
    vwap,
    extra,
    sets: sets.map(({ name }) => name),
  };
}

/** The record of a directory that shows these parts of a generation. */
export function recordOf(
  snapshot: StoreSnapshot,
  parts: readonly DirectoryPart[],
  form: DirectoryForm,
): ExportRecord {
  const { engine, store, codes, vwap, extra, sets } = form;
  const features = featureNames(parts.flatMap(({ fields }) => fields));
  return {
    engine,
    store,
    generation: snapshot.generation,
    writtenAt: snapshot.summary.writtenAt,
    features: [...features.values()].sort(),
    stored: parts.flatMap(({ name, inputs }) => (name === "bars" || inputs === null ? [] : [name])).sort(),
    codes,
    vwap,
    extra,
    sets,
  };
}

/** Builds a directory aside and puts it in place. */
export async function writeDirectory(
  dir: string,
  shown: {
    readonly snapshot: StoreSnapshot;
    readonly parts: readonly DirectoryPart[];
    readonly form: DirectoryForm;
  },
  options: Pick<QlibExport, "overwrite" | "durable" | "signal" | "onInstruments"> & {
    readonly beforePlacing?: (built: string) => void;
  },
): Promise<QlibDumpResult> {
  const { snapshot, parts, form } = shown;
  const [bars, ...added] = await Promise.all(parts.map((part) => part.table({})));
  const { signal, beforePlacing } = options;
  return await dumpQlib(dir, bars!, {
    added,
    codeOf: codeInForm(form.codes),
    overwrite: options.overwrite ?? false,
    durable: options.durable ?? true,
    files: new Map([[EXPORT_RECORD, recordText(recordOf(snapshot, parts, form))]]),
    onProgress: ({ instruments, of }) => options.onInstruments?.(instruments, of),
    ...(signal && { signal }),
    ...(beforePlacing && { beforePlacing }),
  });
}
