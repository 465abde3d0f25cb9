/** The forms of a snapshot beside `daily_pv.h5`, made from the source once more: Parquet, a Qlib directory, RD-Agent's folders. */
import path from "node:path";
import { writeTableParquet } from "#data/export/parquet/write-table";
import { dumpQlib } from "#data/export/qlib-bin/dump";
import { PARQUET_FILE, QLIB_FOLDER } from "./layout.ts";
import { writeRdagentFolders } from "./rdagent-folders.ts";
import { scopeOf, type PlannedColumn, type SnapshotPlan } from "./snapshot-plan.ts";
import type { SnapshotScope, SnapshotSource } from "./snapshot-source.ts";
import { seriesOfPlan } from "./source-series.ts";

export interface DerivedWork {
  readonly source: SnapshotSource;
  readonly plan: SnapshotPlan;
  /** Narrower than the plan's own. */
  readonly scope?: SnapshotScope;
  /** The finished `daily_pv.h5`. */
  readonly daily: string;
  readonly signal?: AbortSignal;
}

/** Writes whatever the plan asks for below `folder`. Returns what a reader of the result should know. */
export async function writeDerived(folder: string, work: DerivedWork): Promise<readonly string[]> {
  const { source, plan, signal, scope = scopeOf(plan) } = work;
  const observed = signal === undefined ? {} : { signal };
  const notes: string[] = [];
  if (plan.formats.includes("parquet"))
    await writeTableParquet(
      await seriesOfPlan(source, plan, scope),
      path.join(folder, PARQUET_FILE),
      observed,
    );
  if (plan.formats.includes("qlib-bin")) {
    const bins = qlibPlan(source, plan);
    await dumpQlib(path.join(folder, QLIB_FOLDER), await seriesOfPlan(source, bins, scope), {
      ...observed,
      durable: false,
    });
  }
  if (plan.profile === "rdagent") notes.push(...(await writeRdagentFolders(folder, { ...work, scope })));
  return notes;
}

/** Fields that Qlib's own handlers read, whichever of them the source has. */
const QLIB_FIELDS = ["open", "high", "low", "close", "volume", "amount", "vwap", "factor"];

/** The source's columns that a Qlib directory is made from. */
export function qlibColumns(source: SnapshotSource, plan: SnapshotPlan): readonly string[] {
  return qlibPlan(source, plan).features.map((column) => column.source);
}

/** Qlib's names, spelling and adjustment, whatever those of the snapshot are. */
function qlibPlan(source: SnapshotSource, plan: SnapshotPlan): SnapshotPlan {
  const market = source.columns.filter(({ name, role }) => role === "market" && QLIB_FIELDS.includes(name));
  const roleOf = new Map(source.columns.map(({ name, role }) => [name, role]));
  const factors = plan.features.filter((column) => roleOf.get(column.source) === "factor");
  return {
    ...plan,
    spelling: "qlib",
    adjustment: source.adjustment === "qfq" ? plan.adjustment : { kind: "qlib" },
    features: [
      ...market.map(({ name }): PlannedColumn => ({ name, source: name, dtype: "f64" })),
      ...factors.map((column) => ({ ...column, name: column.name.replaceAll(/[^\p{L}\p{N}_]/gu, "_") })),
    ],
  };
}
