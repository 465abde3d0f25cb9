import { writeFile } from "node:fs/promises";
import path from "node:path";
import { isoOf } from "#market/day";
import { aliasOf } from "./choose-columns.ts";
import type { DatasetFile } from "./dataset.ts";
import type { ExportFailure } from "./export-result.ts";
import { hashedFiles, type HashedFiles } from "./hashed-files.ts";
import { DAILY_FILE } from "./layout.ts";
import { META_FILE, metaText, plannedMeta, type MetaColumn, type SnapshotMeta } from "./snapshot-meta.ts";
import type { PlannedColumn, SnapshotPlan } from "./snapshot-plan.ts";
import type { InstrumentCoverage, SnapshotSource } from "./snapshot-source.ts";
import { EXPORT_STATE_FILE, textOfState } from "./update/export-state.ts";

export interface SealedContent {
  readonly id: string;
  readonly source: SnapshotSource;
  readonly plan: SnapshotPlan;
  /** Of the rows written: instruments in canonical ids, up to the plan's end. */
  readonly coverage: readonly InstrumentCoverage[];
  readonly rows: number;
  readonly datasets?: ReadonlyMap<string, readonly DatasetFile[]>;
  readonly failures: readonly ExportFailure[];
  readonly notes: readonly string[];
  /** Version of this engine. */
  readonly engine: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Hashes that are known already; the folder's files unless told. */
  readonly files?: HashedFiles;
}

/** Writes `meta.json` and the export state of a finished folder; they are flushed by whoever puts it in place. */
export async function sealSnapshot(folder: string, content: SealedContent): Promise<SnapshotMeta> {
  const { source, plan, coverage } = content;
  const files = content.files ?? (await hashedFiles(folder));
  const columns = plan.features.map((column) => metaColumn(source, plan, column));
  const labels = plan.labels.map((column) => metaColumn(source, plan, column));
  const meta: SnapshotMeta = {
    format: 1,
    snapshot_id: content.id,
    ...plannedMeta(plan),
    source: source.locator,
    calendar: source.calendar,
    freq: source.freq,
    generation: source.generation,
    engine: content.engine,
    units: Object.fromEntries([...columns, ...labels].map(({ name, unit }) => [name, unit])),
    columns,
    labels,
    instruments: coverage.length,
    rows: content.rows,
    datasets: metaDatasets(content.datasets ?? new Map()),
    status: content.failures.length > 0 ? "completed_with_errors" : "completed",
    errors: content.failures.map(({ instrument, code, message }) => ({ instrument, code, message })),
    notes: [...content.notes],
    generated_at: new Date(content.now).toISOString(),
    files,
  };
  const state = textOfState({
    source: source.locator,
    generation: source.generation,
    end: plan.end,
    dataSha256: files[DAILY_FILE]?.sha256 ?? "",
    instruments: coverage,
  });
  await writeFile(path.join(folder, EXPORT_STATE_FILE), state);
  await writeFile(path.join(folder, META_FILE), metaText(meta));
  return meta;
}

function metaColumn(source: SnapshotSource, plan: SnapshotPlan, planned: PlannedColumn): MetaColumn {
  const column = source.columns.find(({ name }) => name === planned.source);
  if (column === undefined) throw new TypeError(`the plan's column ${planned.source} is not the source's`);
  const { role, unit, description, lineage } = column;
  const alias = aliasOf(column, plan.profile);
  return {
    ...planned,
    role,
    unit,
    description,
    lineage,
    ...(alias === undefined ? {} : { alias }),
  };
}

function metaDatasets(datasets: ReadonlyMap<string, readonly DatasetFile[]>): SnapshotMeta["datasets"] {
  const named = [...datasets].map(([name, files]) => [
    name,
    files.map(({ columns, start, end, ...file }) => ({
      ...file,
      start: start === null ? null : isoOf(start),
      end: end === null ? null : isoOf(end),
      columns: columns.map((column) => ({ ...column })),
    })),
  ]);
  return Object.fromEntries(named) as SnapshotMeta["datasets"];
}
