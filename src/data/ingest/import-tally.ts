/** Counts and lists of an import as it goes. */
import type { DataError } from "#data/errors";
import { sentenceOf } from "#data/quality/finding-sentence";
import type { Inspection } from "#data/quality/inspect";
import type { TimeAxis } from "#panel/axes";
import type { Check } from "./check-instruments.ts";
import type {
  Correction,
  FactorRevision,
  ImportFailure,
  ImportFinding,
  ImportResult,
  Rewrite,
} from "./import-result.ts";
import { CutList } from "./import-result.ts";
import type { IncomingRows } from "./incoming-rows.ts";
import type { Fate } from "./inspect-arrivals.ts";
import type { MergedLane } from "./merge-block.ts";
import type { RowSpool } from "./row-spool.ts";

/** Rows of an instrument on their way into the store. */
export interface Arrival {
  readonly incoming: IncomingRows;
  /** Rows left out because an identical one is there. */
  readonly duplicates: number;
  /** All of them, as they came. */
  readonly rows: number;
}

export class ImportTally {
  readonly findings = new CutList<ImportFinding>();
  readonly #corrections = new CutList<Correction>();
  readonly #revisions = new CutList<FactorRevision>();
  readonly #rewrites: Rewrite[] = [];
  readonly #failures: ImportFailure[] = [];
  readonly #rows = { read: 0, added: 0, identical: 0, corrected: 0, keptOut: 0, duplicates: 0, failed: 0 };
  readonly #instruments = { read: 0, added: 0, changed: 0, unchanged: 0, failed: 0 };
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;

  /** What was read and what of it cannot be taken. */
  check(spool: RowSpool, check: Check): void {
    this.#rows.read += spool.rows;
    this.#instruments.read += check.taken.length + check.refused.length + check.empty.length;
    for (const { instrument, rows, error } of check.refused) {
      this.#rows.failed += rows;
      this.fail(instrument, error);
    }
    for (const { instrument, rows, first } of check.empty) {
      this.#rows.keptOut += rows;
      this.#instruments.unchanged++;
      this.findings.add({
        rule: "no-session",
        instrument,
        day: first,
        message: `none of the ${rows} rows of ${instrument} can be taken`,
      });
    }
    for (const { first, last } of check.taken) {
      this.#first = Math.min(this.#first, first);
      this.#last = Math.max(this.#last, last);
    }
  }

  fail(instrument: string, error: DataError): void {
    const { code, message, remedy, place } = error;
    this.#instruments.failed++;
    this.#failures.push({ instrument, code, message, remedy, place });
  }

  /** Rows of an instrument whose history was rewritten: it is read anew and counted then. */
  readAgain(rows: number): void {
    this.#rows.read -= rows;
    this.#instruments.read--;
  }

  /** An instrument that turns out to be impossible only when it is merged. */
  failLater(instrument: string, { error, rows }: { readonly error: DataError; readonly rows: number }): void {
    this.#rows.failed += rows;
    this.fail(instrument, error);
  }

  incoming({ incoming, duplicates }: Arrival): void {
    const { instrument, keptOut } = incoming;
    this.#rows.keptOut += keptOut.length;
    this.#rows.duplicates += duplicates;
    for (const day of keptOut) {
      this.findings.add({
        rule: "holiday-bar",
        instrument,
        day,
        message: "a bar on a day without a session; it is kept out",
      });
    }
    if (duplicates > 0) {
      this.findings.add({
        rule: "duplicate-row",
        instrument,
        message: `${duplicates} rows repeat another one; one of each is kept`,
      });
    }
  }

  /** What the quality rules found, and the rows they left out; all of an empty instrument's count as kept out already. */
  inspected(inspection: Inspection, fate: Fate): void {
    this.#findingsOf(inspection);
    if (fate === "refused") return;
    let merged = 0;
    for (const finding of inspection.findings) {
      if (finding.action === "merged") merged += finding.count ?? 1;
    }
    const left = fate === "empty" ? 0 : inspection.keep.reduce((sum, keep) => sum + 1 - keep, 0);
    this.#rows.duplicates += merged;
    this.#rows.keptOut += left - merged;
  }

  #findingsOf(inspection: Inspection): void {
    for (const finding of inspection.findings) {
      const { rule, instrument, day, severity } = finding;
      this.findings.add({ rule, instrument, day, severity, message: sentenceOf(finding) });
    }
  }

  lane({ merge, outcome }: MergedLane, time: TimeAxis): void {
    const { instrument } = merge.incoming;
    const isNew = merge.stored.first > merge.stored.last;
    this.#rows.added += outcome.added;
    this.#rows.corrected += outcome.corrected;
    this.#rows.identical += outcome.identical;
    if (isNew) this.#instruments.added++;
    else if (outcome.changed) this.#instruments.changed++;
    else this.#instruments.unchanged++;
    if (merge.replaces) {
      const from = time.days[outcome.first]!;
      this.#rewrites.push({ instrument, from, to: time.days[outcome.last]! });
    }
    for (const { row, field, before, after } of outcome.corrections) {
      this.#corrections.add({ instrument, day: time.days[row]!, field, before, after });
    }
    const revision = outcome.factorRevision;
    if (revision !== undefined) {
      const { row, rows, before, after } = revision;
      this.#revisions.add({ instrument, from: time.days[row]!, rows, before, after });
    }
  }

  summary(): Omit<ImportResult, "source" | "generation" | "previousGeneration" | "timings" | "scratchBytes"> {
    return {
      rows: this.#rows,
      instruments: this.#instruments,
      span: this.#first > this.#last ? null : { first: this.#first, last: this.#last },
      corrections: this.#corrections.items,
      correctionCount: this.#corrections.count,
      factorRevisions: this.#revisions.items,
      factorRevisionCount: this.#revisions.count,
      rewrites: this.#rewrites,
      failures: this.#failures,
      findings: this.findings.items,
      findingCount: this.findings.count,
    };
  }
}
