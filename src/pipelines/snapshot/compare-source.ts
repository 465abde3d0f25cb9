/** The rows of a snapshot's file against those of its source: every one, or all instruments of some sessions. */
import type { Frame } from "#data/export/frame";
import { codeInForm } from "#data/export/qlib-bin/code-form";
import type { StoredFrame } from "#data/hdf5/open-frame";
import { byText } from "#data/export/series-table";
import { isoOf, type Day } from "#market/day";
import { RowCursor } from "./aligned-rows.ts";
import { dailyFrame } from "./daily-frame.ts";
import { scopeOf, type SnapshotPlan } from "./snapshot-plan.ts";
import type { SnapshotSource } from "./snapshot-source.ts";
import type { FindingList } from "./verify-findings.ts";

const MS_PER_DAY = 86_400_000;

export interface Compared {
  readonly rows: number;
  readonly values: number;
}

export interface CompareWork {
  readonly file: StoredFrame;
  readonly source: SnapshotSource;
  readonly plan: SnapshotPlan;
  /** Canonical ids to leave out on both sides: a partial update keeps their older rows, an export has none of them. */
  readonly without: ReadonlySet<string>;
  /** Ranges of sessions to compare; the whole range is one. */
  readonly ranges: readonly { readonly start: Day; readonly end: Day }[];
  readonly signal?: AbortSignal;
}

export async function compareWithSource(work: CompareWork, findings: FindingList): Promise<Compared> {
  const { file, source, plan, without, signal } = work;
  const left = new Set([...without].map(codeInForm(plan.spelling)));
  const scales = new ScaleTally(plan);
  let rows = 0;
  for (const range of work.ranges) {
    const scope = { ...scopeOf(plan), ...range };
    const coverage = without.size === 0 ? [] : await source.coverage(scope);
    const kept = coverage.map(({ instrument }) => instrument).filter((id) => !without.has(id));
    const frame = await dailyFrame(
      source,
      plan,
      without.size === 0 ? scope : { ...scope, instruments: new Set(kept) },
    );
    rows += await compareRange(
      { file, left, frame, plan, range, scales, ...(signal === undefined ? {} : { signal }) },
      findings,
    );
  }
  scales.report(findings);
  return { rows, values: rows * plan.features.length };
}

interface RangeWork {
  readonly file: StoredFrame;
  /** Keys of the file to leave out. */
  readonly left: ReadonlySet<string>;
  readonly frame: Frame;
  readonly plan: SnapshotPlan;
  readonly range: { readonly start: Day; readonly end: Day };
  readonly scales: ScaleTally;
  readonly signal?: AbortSignal;
}

async function compareRange(work: RangeWork, findings: FindingList): Promise<number> {
  const { file, left, frame, plan, range, scales, signal } = work;
  const columns = plan.features.map(({ name }) => name);
  const written = new RowCursor(
    file.batches({
      from: range.start * MS_PER_DAY,
      to: range.end * MS_PER_DAY,
      columns,
      ...(signal === undefined ? {} : { signal }),
    }),
  );
  const own = new RowCursor(frame.batches(signal));
  let rows = 0;
  for (;;) {
    const [hasOwn, hasWritten] = [
      own.isNear || (await own.ready()),
      written.isNear || (await written.ready()),
    ];
    if (hasWritten && left.has(file.keys[written.key]!)) {
      written.advance();
      continue;
    }
    if (!hasOwn && !hasWritten) break;
    const order = !hasOwn ? 1 : !hasWritten ? -1 : orderOf(own, written, { frame, file });
    if (order < 0) {
      findings.add("ROW_MISSING", `${frame.keys[own.key]!} on ${isoOf(own.time / MS_PER_DAY)}`);
      own.advance();
      continue;
    }
    if (order > 0) {
      findings.add("ROW_UNKNOWN", `${file.keys[written.key]!} on ${isoOf(written.time / MS_PER_DAY)}`);
      written.advance();
      continue;
    }
    rows++;
    for (let column = 0; column < columns.length; column++) {
      const [expected, found] = [own.value(column), written.value(column)];
      if (Object.is(expected, found)) continue;
      scales.note(column, found / expected);
      findings.add(
        "VALUE_DIFFERS",
        `${columns[column]} of ${frame.keys[own.key]!} on ${isoOf(own.time / MS_PER_DAY)} is ${found}, the source has ${expected}`,
      );
    }
    own.advance();
    written.advance();
  }
  await own.close();
  await written.close();
  return rows;
}

function orderOf(
  own: RowCursor,
  written: RowCursor,
  { frame, file }: { readonly frame: Frame; readonly file: StoredFrame },
): number {
  return own.time - written.time || byText(frame.keys[own.key]!, file.keys[written.key]!);
}

/** Powers of ten that a unit may be off by. */
const SCALES = [1e-4, 1e-3, 1e-2, 0.1, 10, 100, 1e3, 1e4];

/** Differences that are one power of ten throughout: a unit, not a value, is wrong. */
class ScaleTally {
  readonly #names: readonly string[];
  readonly #counts: Map<number, number>[];

  constructor(plan: SnapshotPlan) {
    this.#names = plan.features.map(({ name }) => name);
    this.#counts = this.#names.map(() => new Map());
  }

  note(column: number, ratio: number): void {
    const scale = SCALES.find((each) => Math.abs(ratio / each - 1) < 1e-5) ?? 0;
    const counts = this.#counts[column]!;
    counts.set(scale, (counts.get(scale) ?? 0) + 1);
  }

  report(findings: FindingList): void {
    for (const [column, counts] of this.#counts.entries()) {
      const all = counts.values().reduce((sum, count) => sum + count, 0);
      const [scale, count] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? [0, 0];
      if (scale === 0 || count < 0.9 * all) continue;
      findings.add(
        "UNITS_DIFFER",
        `${this.#names[column]} is ${scale} times the source's in ${count} values`,
      );
    }
  }
}
