import { addFeatures } from "#data/export/qlib-bin/add-features";
import { dumpQlib, type QlibDumpResult } from "#data/export/qlib-bin/dump";
import { QLIB_INPUTS, qlibFields, type VwapRule } from "#data/export/qlib-bin/qlib-fields";
import { tableOfStore } from "#data/export/series-table";
import type { StoreSnapshot } from "#data/store/panel-store";
import type { FactorSet } from "#factors/factor-set";
import { factorTable } from "./factor-table.ts";
import { viewOfStore } from "./market-view.ts";

export interface QlibExport {
  readonly codeOf: (instrument: string) => string;
  /** Factor sets written as features beside the bars. */
  readonly sets?: readonly FactorSet[];
  readonly vwap?: VwapRule;
  readonly overwrite?: boolean;
  /** Facts about the export, written as `export.json` beside the data: engine, store, generation. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly onInstruments?: (done: number, of: number) => void;
}

/** A generation of a store as a Qlib provider directory, with the factors of some sets if asked for. */
export async function dumpQlibDirectory(
  snapshot: StoreSnapshot,
  dir: string,
  options: QlibExport,
): Promise<QlibDumpResult> {
  const stored = snapshot.fieldSets.get("bars")?.fields.map((field) => field.name) ?? [];
  const inputs = QLIB_INPUTS.filter((name) => stored.includes(name));
  const vwap = options.vwap === undefined ? {} : { vwap: options.vwap };
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const bars = qlibFields(tableOfStore(snapshot, { fields: new Map([["bars", inputs]]) }), vwap);
  const dumped = await dumpQlib(dir, bars, {
    codeOf: options.codeOf,
    overwrite: options.overwrite ?? false,
    ...(options.metadata === undefined ? {} : { metadata: options.metadata }),
    onProgress: ({ instruments, of }) => options.onInstruments?.(instruments, of),
    ...signal,
  });
  let { files } = dumped;
  const view = viewOfStore(snapshot, vwap);
  for (const set of options.sets ?? []) {
    const table = await factorTable(view, set, signal);
    files += (await addFeatures(dir, table, { codeOf: options.codeOf, ...signal })).files;
  }
  return { ...dumped, files };
}
