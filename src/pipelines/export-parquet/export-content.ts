import type { StoreSnapshot } from "#data/store/panel-store";
import type { Compression } from "#data/export/parquet/parquet-file";
import { DataError } from "#data/errors";
import { treeOf } from "#expression/ir/build";
import { formatExpression } from "#expression/syntax/format";
import type { FactorRegistry } from "#factors/registry";
import { storeName } from "../workspace.ts";
import type { ExportContent, ExportIndex, ExportLayout } from "./export-index.ts";

export interface ParquetExport {
  /**
   * `adjusted` (default), the scale of the factors: prices × factor, volume ÷ factor; `raw`: as traded. float64 either way:
   * float32 loses whole numbers beyond 2^24.
   */
  readonly prices?: "adjusted" | "raw";
  /** Fields of the bars; open, high, low, close, volume, amount and factor unless told, as far as there are. */
  readonly fields?: readonly string[];
  /** Factors by any of their names; none unless told. */
  readonly factors?: readonly string[];
  readonly compression?: Compression;
  readonly registry: FactorRegistry;
  readonly engine: string;
  readonly signal?: AbortSignal;
  readonly onFiles?: (done: number, of: number) => void;
}

export interface ParquetExportReport {
  readonly generation: number;
  readonly written: number;
  readonly unchanged: number;
  readonly removed: number;
  readonly rows: number;
  readonly bytes: number;
}

const FIELDS = ["open", "high", "low", "close", "volume", "amount", "factor"] as const;

/** What the files will hold. Throws STORE_FIELD_MISSING, FACTOR_UNKNOWN. */
export function contentOf(snapshot: StoreSnapshot, options: ParquetExport): ExportContent {
  const stored = new Set(snapshot.fieldSets.get("bars")?.fields.map(({ name }) => name));
  const fields = options.fields ?? FIELDS.filter((name) => stored.has(name));
  for (const name of fields) {
    if (stored.has(name)) continue;
    throw new DataError("STORE_FIELD_MISSING", `the bars have no field ${name}`, {
      remedy: `choose from ${[...stored].join(", ") || "nothing: import first"}`,
      place: { column: name },
    });
  }
  const factors = (options.factors ?? []).map((name) => {
    const { factor } = options.registry.factor(name);
    return { name, expression: formatExpression(treeOf(factor.expression)) };
  });
  return {
    prices: options.prices ?? "adjusted",
    fields: [...fields],
    factors,
    engine: factors.length === 0 ? "" : options.engine,
    compression: options.compression ?? "zstd",
  };
}

/** The index that an export goes on from: the folder's own where it is of the same content, else an empty one. */
export function startingIndex(
  known: ExportIndex | null,
  now: { readonly snapshot: StoreSnapshot; readonly layout: ExportLayout; readonly content: ExportContent },
): ExportIndex {
  const { snapshot, layout, content } = now;
  const store = storeName(snapshot.key);
  const isSame =
    known !== null &&
    known.store === store &&
    known.layout === layout &&
    JSON.stringify(known.content) === JSON.stringify(content);
  return {
    version: 1,
    store,
    generation: null,
    layout,
    content,
    entries: isSame ? { ...known.entries } : {},
  };
}
