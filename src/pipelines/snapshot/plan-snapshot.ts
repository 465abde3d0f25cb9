import type { CodeForm } from "#data/export/qlib-bin/code-form";
import { dayOf, isoOf, type Day } from "#market/day";
import { chooseColumns, type ColumnRequest } from "./choose-columns.ts";
import { SnapshotError } from "./errors.ts";
import type { ExportFailure } from "./export-result.ts";
import type { SnapshotFormat, SnapshotPlan, SnapshotProfile } from "./snapshot-plan.ts";
import type {
  InstrumentCoverage,
  SnapshotAdjustment,
  SnapshotScope,
  SnapshotSource,
} from "./snapshot-source.ts";

export interface SnapshotRequest extends ColumnRequest {
  readonly profile?: SnapshotProfile;
  readonly market?: string;
  readonly spelling?: CodeForm;
  /** The profile's usual one unless told. */
  readonly adjustment?: SnapshotAdjustment["kind"];
  /** Of a front-adjusted snapshot; its end unless told. */
  readonly baseDay?: Day;
  /** Canonical ids; all unless told. */
  readonly instruments?: readonly string[];
  readonly start?: Day;
  readonly end?: Day;
  readonly formats?: readonly SnapshotFormat[];
}

export interface PlannedSnapshot {
  readonly plan: SnapshotPlan;
  readonly coverage: readonly InstrumentCoverage[];
  readonly sessions: readonly Day[];
  /** Instruments that were asked for and have no row. */
  readonly failures: readonly ExportFailure[];
  readonly notes: readonly string[];
}

/** RD-Agent's own data begin here. */
const RDAGENT_START = dayOf("2008-12-29");

/**
 * Turns what was asked for into what the source can give: dates are cut to its sessions, the profile decides what is not
 * said. Throws SNAPSHOT_EMPTY, SNAPSHOT_ADJUSTMENT, and what `chooseColumns` throws.
 */
export async function planSnapshot(
  source: SnapshotSource,
  request: SnapshotRequest,
): Promise<PlannedSnapshot> {
  if (source.freq !== "day") {
    throw new SnapshotError("SNAPSHOT_EMPTY", `${source.locator} holds bars of ${source.freq}`, {
      remedy: "name a source of daily bars",
    });
  }
  const profile = request.profile ?? "aistock";
  const chosen = chooseColumns(source.columns, profile, request);
  const start = request.start ?? (profile === "rdagent" ? RDAGENT_START : undefined);
  const scope: SnapshotScope = {
    ...(start === undefined ? {} : { start }),
    ...(request.end === undefined ? {} : { end: request.end }),
    ...(request.instruments === undefined ? {} : { instruments: new Set(request.instruments) }),
  };
  const coverage = await source.coverage(scope);
  if (coverage.length === 0) throw nothingThere(source, scope);
  const range = {
    start: Math.min(...coverage.map(({ first }) => first)),
    end: Math.max(...coverage.map(({ last }) => last)),
  };
  const sessions = await source.sessions(range);
  const adjustment = adjustmentOf(source, request, { profile, end: range.end });
  const notes = [
    ...chosen.notes,
    ...(source.doubts ?? []).map((doubt) => `doubt: ${doubt}`),
    ...(await factorNotes(source, adjustment)),
  ];
  if (start !== undefined && range.start > start + 7)
    notes.push(`the source begins on ${isoOf(range.start)}`);
  if (request.end !== undefined && range.end < request.end - 7)
    notes.push(`the source ends on ${isoOf(range.end)}`);
  const plan: SnapshotPlan = {
    profile,
    market: request.market ?? "aistock",
    spelling: request.spelling ?? (profile === "rdagent" ? "qlib" : "canonical"),
    adjustment,
    instruments: request.instruments === undefined ? null : [...new Set(request.instruments)].sort(),
    ...range,
    features: chosen.features,
    labels: chosen.labels,
    formats: request.formats ?? ["h5"],
  };
  return { plan, coverage, sessions, failures: withoutRows(request.instruments ?? [], coverage), notes };
}

function adjustmentOf(
  source: SnapshotSource,
  request: SnapshotRequest,
  { profile, end }: { readonly profile: SnapshotProfile; readonly end: Day },
): SnapshotAdjustment {
  const asked = request.adjustment;
  const baseDay = request.baseDay ?? end;
  if (source.adjustment === "qfq") {
    if (asked !== undefined && asked !== "qfq") {
      throw new SnapshotError(
        "SNAPSHOT_ADJUSTMENT",
        `${source.locator} holds front-adjusted prices; ${asked} ones cannot be made of them`,
        { remedy: "leave --adjust out, or export from a source of traded prices and factors" },
      );
    }
    return { kind: "qfq", baseDay };
  }
  const kind = asked ?? (profile === "rdagent" ? "qlib" : "qfq");
  if (kind !== "qfq" && request.baseDay !== undefined) {
    throw new SnapshotError("SNAPSHOT_ADJUSTMENT", `a base day has no meaning for ${kind} prices`, {
      remedy: "leave --base-day out, or give --adjust qfq",
    });
  }
  return kind === "qfq" ? { kind, baseDay } : { kind };
}

/** Prices as traded that nothing adjusts are not called adjusted. Crypto assets have no ex-dates. */
async function factorNotes(source: SnapshotSource, { kind }: SnapshotAdjustment): Promise<readonly string[]> {
  if (kind === "raw" || source.adjustment !== "raw" || source.calendar === "24x7") return [];
  const { isKnown, notes } = (await source.factorKnowledge?.()) ?? { isKnown: true, notes: [] };
  if (isKnown) return notes;
  throw new SnapshotError(
    "SNAPSHOT_ADJUSTMENT",
    `${source.locator} holds prices as traded and no adjustment factor; ${kind} ones cannot be made of them`,
    {
      remedy:
        "give --adjust raw, or a source with a factor: a column adj_factor or preclose, or a table of factors (?adjustment=SCHEMA.TABLE)",
    },
  );
}

function nothingThere(source: SnapshotSource, { start, end, instruments }: SnapshotScope): SnapshotError {
  const range = `${start === undefined ? "its start" : isoOf(start)} to ${end === undefined ? "its end" : isoOf(end)}`;
  const whom = instruments === undefined ? "" : ` of the ${instruments.size} instruments asked for`;
  return new SnapshotError("SNAPSHOT_EMPTY", `${source.locator} has no row${whom} from ${range}`, {
    remedy: "ask for other dates or instruments; `alphaloom data show` lists what a store holds",
  });
}

function withoutRows(asked: readonly string[], coverage: readonly InstrumentCoverage[]): ExportFailure[] {
  const there = new Set(coverage.map(({ instrument }) => instrument));
  return [...new Set(asked)]
    .filter((id) => !there.has(id))
    .sort()
    .map((instrument) => ({
      instrument,
      code: "SNAPSHOT_EMPTY",
      message: "the source has no row of it in this range",
    }));
}
