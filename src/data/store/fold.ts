import type { Span } from "./layers.ts";
import { spanOf } from "./layers.ts";
import type { SegmentEntry } from "./manifest.ts";
import type { StoreLayout } from "./store-parts.ts";

/**
 * Which segments of one set and block become one, after a write. Rows are cut into windows of each tier (32, 256 and
 * 2,048 sessions); what was appended to a window in small pieces is folded when the window is full, once per tier, so that
 * a value is written at most four times in its life. Blocks have their windows at different rows (`phase`): of 172
 * blocks only a few fold on any one day, and no day is slow. Corrections pile up to a limit before they are folded.
 */
export function foldsAfter(
  before: readonly SegmentEntry[],
  after: readonly SegmentEntry[],
  options: { readonly layout: StoreLayout; readonly phase: number; readonly rowsPerSession: number },
): Span[] {
  const known = new Set(before);
  const written = after.filter((entry) => !known.has(entry));
  if (written.length === 0 || after.length < 2) return [];
  const { pileUp } = options.layout;
  const tiers = options.layout.tiers.map((sessions) => sessions * options.rowsPerSession);
  const phase = options.phase * options.rowsPerSession;
  const coveredBefore = before.length === 0 ? -Infinity : spanOf(before).to;
  const covered = spanOf(after).to;
  const folds: Span[] = [];
  const isFolded = (entry: Span): boolean =>
    folds.some((fold) => fold.from <= entry.from && entry.to <= fold.to);
  const inside = (window: Span, rows: number): SegmentEntry[] =>
    after.filter(
      (entry) =>
        entry.from >= window.from &&
        entry.to <= window.to &&
        entry.to - entry.from < rows &&
        !isFolded(entry),
    );
  const fold = (entries: readonly SegmentEntry[]): void => {
    folds.push(spanOf(entries));
  };
  // The largest window that this write filled takes the smaller ones with it.
  for (const rows of tiers.toReversed()) {
    for (const end of windowEnds(coveredBefore, covered, { rows, phase })) {
      const pieces = inside({ from: end - rows, to: end }, rows);
      if (pieces.length > 1) fold(pieces);
    }
  }
  for (const rows of tiers) {
    const starts = new Set(written.map((entry) => windowStart(entry.from, { rows, phase })));
    for (const from of starts) {
      const pieces = inside({ from, to: from + rows }, rows);
      if (pieces.length > pileUp) fold(pieces);
    }
  }
  return folds;
}

interface Windows {
  readonly rows: number;
  readonly phase: number;
}

function windowStart(row: number, { rows, phase }: Windows): number {
  return Math.floor((row - phase) / rows) * rows + phase;
}

/** Ends of windows in `(before, covered]`; of a first write only those the last segments may touch. */
function windowEnds(before: number, covered: number, windows: Windows): number[] {
  const ends: number[] = [];
  const { rows } = windows;
  for (let end = windowStart(covered, windows); end > before && ends.length < 64; end -= rows) ends.push(end);
  return ends.filter((end) => end <= covered);
}
