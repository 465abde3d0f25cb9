import type { SegmentEntry } from "./manifest.ts";

/** Absolute rows `[from, to)`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Rows of one segment that nothing newer hides. */
export interface Run extends Span {
  readonly entry: SegmentEntry;
}

/**
 * What is seen of one field when looking down on the segments of a set and block, newest on top, within `span`.
 * Runs do not overlap; rows that no run covers were never written.
 */
export function visibleRuns(entries: readonly SegmentEntry[], field: string, span: Span): Run[] {
  const runs: Run[] = [];
  let open: Span[] = span.to > span.from ? [span] : [];
  for (let index = entries.length - 1; index >= 0 && open.length > 0; index--) {
    const entry = entries[index]!;
    if (entry.to <= span.from || entry.from >= span.to || !entry.fields.includes(field)) continue;
    const left: Span[] = [];
    for (const gap of open) {
      const from = Math.max(gap.from, entry.from);
      const to = Math.min(gap.to, entry.to);
      if (from >= to) {
        left.push(gap);
        continue;
      }
      runs.push({ entry, from, to });
      if (gap.from < from) left.push({ from: gap.from, to: from });
      if (to < gap.to) left.push({ from: to, to: gap.to });
    }
    open = left;
  }
  return runs.sort((a, b) => a.from - b.from);
}

/** Groups fields that the same segments hold, so that what is seen of them is found once. */
export function fieldClasses(entries: readonly SegmentEntry[], fields: readonly string[]): string[][] {
  const lists = [...new Set(entries.map((entry) => entry.fields))];
  if (lists.length === 1 && fields.every((field) => lists[0]!.includes(field))) return [[...fields]];
  const members = lists.map((list) => new Set(list));
  const classes = new Map<string, string[]>();
  for (const field of fields) {
    const signature = members.map((list) => (list.has(field) ? "1" : "0")).join("");
    const known = classes.get(signature);
    if (known === undefined) classes.set(signature, [field]);
    else known.push(field);
  }
  return [...classes.values()];
}

/** The entries of which something is still seen, in their order. */
export function visibleEntries(entries: readonly SegmentEntry[]): SegmentEntry[] {
  if (!overlap(entries)) return [...entries];
  const span = spanOf(entries);
  const seen = new Set<SegmentEntry>();
  const fields = [...new Set(entries.flatMap((entry) => entry.fields))];
  for (const [field] of fieldClasses(entries, fields)) {
    for (const { entry } of visibleRuns(entries, field!, span)) seen.add(entry);
  }
  return entries.filter((entry) => seen.has(entry));
}

function overlap(entries: readonly Span[]): boolean {
  const ordered = [...entries].sort((a, b) => a.from - b.from);
  return ordered.some((entry, index) => index > 0 && ordered[index - 1]!.to > entry.from);
}

/** The smallest span that holds all entries. */
export function spanOf(entries: readonly Span[]): Span {
  return {
    from: Math.min(...entries.map((entry) => entry.from)),
    to: Math.max(...entries.map((entry) => entry.to)),
  };
}
