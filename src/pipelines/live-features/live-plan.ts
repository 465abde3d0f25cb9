import type { FactorRegistry } from "#factors/registry";
import { factsOf } from "#factors/registry";
import { looksAhead } from "../snapshot/look-ahead-guard.ts";
import type { PlannedColumn, SnapshotPlan } from "../snapshot/snapshot-plan.ts";
import type { SnapshotAdjustment, SnapshotColumn, SnapshotSource } from "../snapshot/snapshot-source.ts";
import { LiveError } from "./errors.ts";

/**
 * What a live panel looks like: the columns, types, prices and spelling of a snapshot. A snapshot's own plan is one, so that
 * a strategy finds live what it was built on.
 */
export type LivePlan = Pick<SnapshotPlan, "features" | "adjustment" | "spelling">;

/** A plan from names: market fields of the source (`close`, `volume`), factors (`RSI14`, `alpha158.MA5`), expressions. */
export function livePlanOf(
  source: SnapshotSource,
  names: readonly string[],
  options: {
    readonly adjustment?: SnapshotAdjustment;
    readonly spelling?: SnapshotPlan["spelling"];
    /** Type of all columns; each its own unless told. */
    readonly dtype?: "f32" | "f64";
  } = {},
): LivePlan {
  const { adjustment = { kind: "qlib" }, spelling = "canonical", dtype } = options;
  const features = [...new Set(names)].map((name): PlannedColumn => {
    const bare = name.replace(/^\$(?=\w+$)/, "");
    const known = source.columns.find((column) => column.name === bare);
    return { name, source: known?.name ?? name, dtype: dtype ?? known?.dtype ?? "f32" };
  });
  return { features, adjustment, spelling };
}

/** A planned column and where its values are from. */
export interface LiveColumn {
  readonly planned: PlannedColumn;
  /** Of the source; null for a factor that it does not hold. */
  readonly column: SnapshotColumn | null;
  /** `market`: prices and the like. `defined`: a registered factor or an expression. `stored`: numbers without a definition. */
  readonly kind: "market" | "defined" | "stored";
  /** Of a `defined` one: what is computed. */
  readonly factor: { readonly name: string; readonly expression: string; readonly float32?: boolean } | null;
}

/** Throws LIVE_NOTHING_ASKED, LIVE_LOOKS_AHEAD; `FactorError` and `ExpressionError` for names that are nothing. */
export function liveColumns(
  plan: LivePlan,
  context: { readonly source: SnapshotSource; readonly registry: FactorRegistry },
): readonly LiveColumn[] {
  if (plan.features.length === 0) {
    throw new LiveError("LIVE_NOTHING_ASKED", "no column was asked for", {
      remedy: "name fields, factors or expressions: close, RSI14, Mean($close,5)/$close",
    });
  }
  return plan.features.map((planned) => liveColumn(planned, context));
}

const PLAIN = /^[A-Za-z_][\w.]*$/;

function liveColumn(
  planned: PlannedColumn,
  { source, registry }: { readonly source: SnapshotSource; readonly registry: FactorRegistry },
): LiveColumn {
  const column = source.columns.find(({ name }) => name === planned.source) ?? null;
  const ahead = column === null ? null : looksAhead(column);
  if (ahead !== null) throw aheadOf(ahead);
  if (column?.role === "market") return { planned, column, kind: "market", factor: null };
  const entry = registry.find(planned.source);
  if (entry !== undefined) {
    const { expression, float32 } = entry.factor;
    const factor = { name: planned.name, expression, ...(float32 === undefined ? {} : { float32 }) };
    return { planned, column, kind: "defined", factor };
  }
  if (column !== null) return { planned, column, kind: "stored", factor: null };
  // Throws FACTOR_UNKNOWN with what it may have meant.
  if (PLAIN.test(planned.source)) registry.factor(planned.source);
  const rows = factsOf({ name: planned.name, expression: planned.source }).lookAhead;
  if (rows > 0) throw aheadOf(`${planned.source} reads ${rows} sessions ahead`);
  return { planned, column, kind: "defined", factor: { name: planned.name, expression: planned.source } };
}

function aheadOf(found: string): LiveError {
  return new LiveError("LIVE_LOOKS_AHEAD", found, {
    remedy: "labels are for evaluation; leave the column out",
  });
}
