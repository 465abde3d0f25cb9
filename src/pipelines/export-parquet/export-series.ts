import { qlibFields } from "#data/export/qlib-bin/qlib-fields";
import { tableOfStore, type InstrumentSeries, type Values } from "#data/export/series-table";
import type { RowRange, StoreSnapshot } from "#data/store/panel-store";
import type { FeatureReader } from "../read-features/feature-reader.ts";
import type { ExportContent } from "./export-index.ts";

export interface SeriesSource {
  readonly snapshot: StoreSnapshot;
  readonly reader: FeatureReader;
  readonly content: ExportContent;
  readonly signal?: AbortSignal;
}

/**
 * Fields and factors of some instruments over some rows, each from its first to its last row there, in code-point order of
 * the ids. Throws the error of a factor that can be neither read nor computed.
 */
export async function* exportSeries(
  { snapshot, reader, content, signal }: SeriesSource,
  instruments: readonly string[],
  rows: RowRange,
): AsyncGenerator<InstrumentSeries> {
  const { prices, fields, factors } = content;
  const { days } = snapshot.time;
  const loaded =
    factors.length === 0
      ? null
      : await reader.load({
          codes: instruments,
          start: days[rows.from]!,
          end: days[rows.to - 1]!,
          names: factors.map(({ name }) => name),
          generation: snapshot.generation,
          ...(signal === undefined ? {} : { signal }),
        });
  const [failure] = loaded?.failures ?? [];
  if (failure !== undefined) throw failure.error;
  const stored = snapshot.fieldSets.get("bars")!.fields.map(({ name }) => name);
  // The factor is needed for the conversion, whether it is exported or not.
  const needed = [...new Set([...fields, "factor"])].filter((name) => stored.includes(name));
  const table = tableOfStore(snapshot, {
    fields: new Map([["bars", needed]]),
    instruments: new Set(instruments),
    rows,
  });
  for await (const series of (prices === "raw" ? table : qlibFields(table)).series()) {
    const own = loaded?.instrument(series.instrument).columns;
    const columns = new Map<string, Values>([
      ...fields.map((name) => [name, series.columns.get(name)!] as const),
      ...factors.map(({ name }) => [name, own!.get(name)!] as const),
    ]);
    yield { ...series, columns };
  }
}

/** Columns of the series, in order. */
export function exportFields({ fields, factors }: ExportContent): readonly {
  readonly name: string;
  readonly dtype: "f32" | "f64";
}[] {
  return [
    ...fields.map((name) => ({ name, dtype: "f64" as const })),
    ...factors.map(({ name }) => ({ name, dtype: "f32" as const })),
  ];
}
