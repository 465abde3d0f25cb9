/** Which of a source's columns a snapshot holds, and under which names. */
import { SnapshotError } from "./errors.ts";
import { looksAhead } from "./look-ahead-guard.ts";
import type { PlannedColumn, SnapshotProfile } from "./snapshot-plan.ts";
import type { SnapshotColumn } from "./snapshot-source.ts";

export interface ColumnRequest {
  /** Exactly these market and factor columns instead of the profile's; `close`, `$close`, `alpha158.MA5`, `MA5`. */
  readonly columns?: readonly string[];
  /** All factors of these sets besides; `all` for every set there is. */
  readonly sets?: readonly string[];
  /** Labels too: all there are, or these columns. */
  readonly labels?: boolean | readonly string[];
}

export interface ChosenColumns {
  readonly features: readonly PlannedColumn[];
  readonly labels: readonly PlannedColumn[];
  readonly notes: readonly string[];
}

/** In the order of each profile's own data. */
export const profileColumns: Readonly<Record<SnapshotProfile, readonly string[]>> = {
  aistock: ["open", "high", "low", "close", "volume", "amount"],
  rdagent: ["open", "close", "high", "low", "volume", "factor"],
};

/**
 * Throws SNAPSHOT_COLUMN_UNKNOWN, SNAPSHOT_COLUMN_CLASH, and SNAPSHOT_LOOKS_AHEAD for a feature that knows the future.
 */
export function chooseColumns(
  available: readonly SnapshotColumn[],
  profile: SnapshotProfile,
  request: ColumnRequest = {},
): ChosenColumns {
  const notes: string[] = [];
  const find = finderIn(available);
  const asked = request.columns?.map(find) ?? usualColumns(available, profile, notes);
  for (const column of asked) {
    const why = looksAhead(column);
    if (why === null) continue;
    throw new SnapshotError("SNAPSHOT_LOOKS_AHEAD", why, {
      remedy: "ask for it with --labels, which puts it into labels.h5 apart from the features",
      place: { column: column.name },
    });
  }
  const ofSets = setColumns(available, request.sets ?? []);
  const kept = ofSets.filter((column) => looksAhead(column) === null);
  if (kept.length < ofSets.length)
    notes.push(`${ofSets.length - kept.length} columns of the sets look ahead and are left out`);
  const features = [...new Set([...asked, ...kept])];
  const labels = labelColumns(available, request.labels ?? false, find);
  return { features: named(features, profile), labels: named(labels, profile), notes };
}

function usualColumns(
  available: readonly SnapshotColumn[],
  profile: SnapshotProfile,
  notes: string[],
): readonly SnapshotColumn[] {
  const find = finderIn(available);
  const names = profileColumns[profile];
  // Markets without turnover exist; everything else is needed by whoever reads the file.
  const missing = names.filter((name) => name === "amount" && !available.some((each) => each.name === name));
  if (missing.length > 0) notes.push("the source has no amount; the column is left out");
  return names.filter((name) => !missing.includes(name)).map(find);
}

function finderIn(available: readonly SnapshotColumn[]): (name: string) => SnapshotColumn {
  const byName = new Map(available.map((column) => [column.name, column]));
  return (asked) => {
    const exact = byName.get(asked) ?? byName.get(asked.replace(/^\$/, ""));
    if (exact !== undefined) return exact;
    const [found, ...others] = available.filter((column) => bareName(column) === asked);
    if (found !== undefined && others.length === 0) return found;
    const what =
      found === undefined ? `the source has no column ${asked}` : `${asked} is the name of several`;
    throw new SnapshotError("SNAPSHOT_COLUMN_UNKNOWN", what, {
      remedy: `choose from ${someNames(found === undefined ? available : [found, ...others])}`,
      place: { column: asked },
    });
  };
}

function someNames(columns: readonly SnapshotColumn[]): string {
  const names = columns.slice(0, 20).map(({ name }) => name);
  return `${names.join(", ")}${columns.length > 20 ? ", …" : ""}`;
}

function setColumns(
  available: readonly SnapshotColumn[],
  sets: readonly string[],
): readonly SnapshotColumn[] {
  const factors = available.filter(({ role }) => role === "factor");
  if (sets.includes("all")) return factors;
  const known = [...new Set(factors.map(({ set }) => set))];
  return sets.flatMap((set) => {
    if (known.includes(set)) return factors.filter((column) => column.set === set);
    throw new SnapshotError("SNAPSHOT_COLUMN_UNKNOWN", `the source has no factor set ${set}`, {
      remedy: known.length === 0 ? "compute factors first: precompute run" : `it has ${known.join(", ")}`,
      place: { column: set },
    });
  });
}

function labelColumns(
  available: readonly SnapshotColumn[],
  labels: boolean | readonly string[],
  find: (name: string) => SnapshotColumn,
): readonly SnapshotColumn[] {
  if (labels === false) return [];
  if (labels !== true) return labels.map(find);
  const found = available.filter((column) => column.role !== "market" && looksAhead(column) !== null);
  if (found.length > 0) return found;
  throw new SnapshotError("SNAPSHOT_COLUMN_UNKNOWN", "the source has no labels", {
    remedy: "leave --labels out, or store a label set first",
  });
}

/** A factor by its own name; by `set.name` when another column would have the same, letter case aside. */
function named(columns: readonly SnapshotColumn[], profile: SnapshotProfile): readonly PlannedColumn[] {
  const own = columns.map((column) =>
    column.role === "market" && profile === "rdagent" ? `$${column.name}` : bareName(column),
  );
  const isUnique = new Set(own.map((name) => name.toLowerCase())).size === own.length;
  const names = isUnique
    ? own
    : columns.map((column, at) => (column.role === "market" ? own[at]! : column.name));
  const taken = new Map<string, string>();
  return columns.map((column, at) => {
    const name = names[at]!;
    const other = taken.get(name.toLowerCase());
    if (other !== undefined) {
      throw new SnapshotError("SNAPSHOT_COLUMN_CLASH", `${column.name} and ${other} would both be ${name}`, {
        remedy: "ask for one of them",
        place: { column: name },
      });
    }
    taken.set(name.toLowerCase(), column.name);
    return {
      name,
      source: column.name,
      dtype: profile === "rdagent" && column.dtype === "f64" ? "f32" : column.dtype,
    };
  });
}

function bareName({ name, set }: SnapshotColumn): string {
  return name.startsWith(`${set}.`) ? name.slice(set.length + 1) : name;
}

/** What the other profile calls a column. */
export function aliasOf(column: SnapshotColumn, profile: SnapshotProfile): string | undefined {
  if (column.role !== "market") return undefined;
  return profile === "rdagent" ? column.name : `$${column.name}`;
}
