/**
 * `meta.json`: what a snapshot holds, where it is from, and the hash of each of its files. Nothing but `generated_at` in
 * it depends on the moment of the export, so that the same rows give the same bytes.
 */
import path from "node:path";
import { z } from "zod";
import { readJsonFile } from "#data/json-file";
import { dayOf, isoOf, parseDay } from "#market/day";
import { SnapshotError } from "./errors.ts";
import type { SnapshotPlace } from "./snapshot-place.ts";
import type { PlannedColumn, SnapshotPlan } from "./snapshot-plan.ts";

export const META_FILE = "meta.json";

const day = z.string().refine((text) => !Number.isNaN(parseDay(text)), { error: "expected YYYY-MM-DD" });

const column = z.object({
  name: z.string(),
  role: z.enum(["market", "factor", "label"]),
  dtype: z.enum(["f32", "f64", "i64"]),
  unit: z.string(),
  description: z.string(),
  lineage: z.string(),
  /** The source's name of it, by which an update asks again. */
  source: z.string(),
  /** What the other profile calls it. */
  alias: z.string().optional(),
});

const datasetFile = z.object({
  file: z.string(),
  description: z.string(),
  method: z.string().optional(),
  columns: z.array(column.omit({ role: true, source: true, alias: true })),
  rows: z.int(),
  start: day.nullable(),
  end: day.nullable(),
  keys: z.int(),
});

const snapshotMeta = z.object({
  format: z.literal(1),
  snapshot_id: z.string(),
  profile: z.enum(["aistock", "rdagent"]),
  market: z.string(),
  /** `store XSHG/day`, `postgres:market.kline_daily_raw`. */
  source: z.string(),
  calendar: z.string(),
  freq: z.string(),
  generation: z.int().nullable(),
  engine: z.string(),
  adjustment: z.enum(["raw", "qfq", "qlib"]),
  /** The day whose traded prices are the adjusted ones; null unless qfq. */
  base_date: day.nullable(),
  units: z.record(z.string(), z.string()),
  columns: z.array(column),
  /** Columns of labels.h5. */
  labels: z.array(column),
  start: day,
  end: day,
  instruments: z.int(),
  instrument_form: z.enum(["qlib", "canonical"]),
  /** Canonical ids that were asked for; null when all were. */
  selected: z.array(z.string()).nullable(),
  rows: z.int(),
  /** Files of the data sets besides the daily rows. */
  datasets: z.record(z.string(), z.array(datasetFile)),
  formats: z.array(z.enum(["h5", "parquet", "qlib-bin"])),
  status: z.enum(["completed", "completed_with_errors"]),
  errors: z.array(z.object({ instrument: z.string(), code: z.string(), message: z.string() })),
  notes: z.array(z.string()),
  generated_at: z.string(),
  files: z.record(z.string(), z.object({ bytes: z.int(), sha256: z.string() })),
});

export type SnapshotMeta = z.output<typeof snapshotMeta>;
export type MetaColumn = SnapshotMeta["columns"][number];

/** The meta.json of a place. Throws SNAPSHOT_MISSING, SNAPSHOT_FOREIGN, SNAPSHOT_DAMAGED. */
export async function readMeta(place: SnapshotPlace): Promise<SnapshotMeta> {
  const meta = await readMetaIn(place.folder, place.id);
  if (meta.snapshot_id === place.id) return meta;
  throw new SnapshotError(
    "SNAPSHOT_FOREIGN",
    `${path.join(place.folder, META_FILE)} is of the snapshot ${meta.snapshot_id}`,
    { remedy: "rename the folder to what its meta.json says", place: { file: place.folder } },
  );
}

/** The meta.json in a folder, whatever the folder is called. */
export async function readMetaIn(folder: string, id: string): Promise<SnapshotMeta> {
  const file = path.join(folder, META_FILE);
  let meta: SnapshotMeta | null;
  try {
    meta = await readJsonFile(file, snapshotMeta, "export the snapshot again");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "DATA_FILE_DAMAGED")) throw error;
    throw new SnapshotError("SNAPSHOT_DAMAGED", error.message, {
      remedy: "export the snapshot again, or remove the folder by hand",
      place: { file },
      cause: error,
    });
  }
  if (meta !== null) return meta;
  throw new SnapshotError("SNAPSHOT_MISSING", `there is no snapshot ${id}: ${file} is not there`, {
    remedy: "`alphaloom snapshot list` shows those there are",
    place: { file },
  });
}

export const metaText = (meta: SnapshotMeta): string => `${JSON.stringify(meta, null, 2)}\n`;

function planned({ name, source, dtype }: MetaColumn): PlannedColumn {
  return { name, source, dtype };
}

/** The plan that a snapshot was made by, to be followed again. */
export function planOf(meta: SnapshotMeta): SnapshotPlan {
  return {
    profile: meta.profile,
    market: meta.market,
    spelling: meta.instrument_form,
    adjustment:
      meta.adjustment === "qfq"
        ? { kind: "qfq", baseDay: dayOf(meta.base_date ?? meta.end) }
        : { kind: meta.adjustment },
    instruments: meta.selected,
    start: dayOf(meta.start),
    end: dayOf(meta.end),
    features: meta.columns.map(planned),
    labels: meta.labels.map(planned),
    formats: meta.formats,
  };
}

/** The part of a meta that a plan decides. */
export function plannedMeta(
  plan: SnapshotPlan,
): Pick<
  SnapshotMeta,
  | "profile"
  | "market"
  | "adjustment"
  | "base_date"
  | "start"
  | "end"
  | "instrument_form"
  | "selected"
  | "formats"
> {
  const { adjustment } = plan;
  return {
    profile: plan.profile,
    market: plan.market,
    adjustment: adjustment.kind,
    base_date: adjustment.kind === "qfq" ? isoOf(adjustment.baseDay) : null,
    start: isoOf(plan.start),
    end: isoOf(plan.end),
    instrument_form: plan.spelling,
    selected: plan.instruments === null ? null : [...plan.instruments],
    formats: [...plan.formats],
  };
}
