/**
 * The import: a source's rows merged into the store as one new generation, or none.
 *
 *   source ─▶ spool (regroup by instrument, bounded memory) ─▶ check ─▶ per block: align, merge, derive factor, put ─▶ commit
 *
 * A hard error stops its instrument, not the import; an unreadable source, a full disk or a cancellation stops the import
 * and leaves the store as it was. The same rows in any order and any batches give the same store, bit for bit.
 */
import { DataError } from "#data/errors";
import type { Inspection } from "#data/quality/inspect";
import type { BarRequest, BarSource, SourceDescription } from "#data/source";
import type { StoredInstrument, StoreWriter } from "#data/store/panel-store";
import { isoOf } from "#market/day";
import type { Candidate, SessionCalendar } from "./check-instruments.ts";
import { checkInstruments } from "./check-instruments.ts";
import { closeRuleOf } from "./close-rule.ts";
import { distinctRows } from "./distinct-rows.ts";
import { factorRuleOf } from "./factor-rule.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { fieldSetsOf } from "./import-fields.ts";
import type { ImportResult } from "./import-result.ts";
import type { Arrival } from "./import-tally.ts";
import { ImportTally } from "./import-tally.ts";
import type { IncomingRows } from "./incoming-rows.ts";
import { incomingRows, momentsOf } from "./incoming-rows.ts";
import type { Fate, QualityRules } from "./inspect-arrivals.ts";
import { InspectedInstruments } from "./inspect-arrivals.ts";
import type { MergedLane } from "./merge-block.ts";
import { mergeBlock } from "./merge-block.ts";
import type { LaneMerge } from "./merge-lane.ts";
import type { RowSpoolOptions } from "./row-spool.ts";
import { RowSpool, keptRows } from "./row-spool.ts";

export interface ImportProgress {
  readonly phase: "read" | "merge";
  readonly rows: number;
  readonly instruments: number;
  /** Instruments there are; not known while reading. */
  readonly of?: number;
}

export interface ImportOptions {
  readonly calendar: SessionCalendar;
  /** Version of this engine, for the lineage of the fields. */
  readonly engine: string;
  readonly request?: BarRequest;
  /**
   * The quality rules over all rows of one instrument as they came (daily bars only). What they find is reported; rows
   * they do not keep stay out.
   */
  readonly quality?: QualityRules;
  /** Told what the rules found, once an instrument, as soon as it is known what becomes of it. */
  readonly onInspection?: (inspection: Inspection, fate: Fate) => void;
  readonly spool?: RowSpoolOptions;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ImportProgress) => void;
  /** Milliseconds of a clock that does not go back. */
  readonly now?: () => number;
}

/** Sessions before the last stored one that are asked for again, to see whether an adjusted history was rewritten. */
const OVERLAP_SESSIONS = 10;

/**
 * Imports a source. The writer is committed, or aborted when anything throws. Throws the source's errors,
 * DATA_DISK_FULL, the store's errors, and the signal's reason.
 */
export async function importBars(
  source: BarSource,
  writer: StoreWriter,
  options: ImportOptions,
): Promise<ImportResult> {
  const now = options.now ?? ((): number => performance.now());
  try {
    const description = await source.describe();
    const tally = new ImportTally();
    const started = now();
    const request = withOverlap(options.request ?? {}, writer, description);
    let scratchBytes = 0;
    let read = started;
    let again: ReadonlySet<string>;
    {
      using spool = new RowSpool(options.spool);
      await readInto(spool, { source, request, options });
      read = now();
      again = await mergeSpool(spool, { writer, description, options, tally, replaces: false });
      scratchBytes += spool.parkedBytes;
    }
    if (again.size > 0) {
      using spool = new RowSpool(options.spool);
      await readInto(spool, { source, request: wholeHistoryOf(again, writer), options });
      await mergeSpool(spool, { writer, description, options, tally, replaces: true });
      scratchBytes += spool.parkedBytes;
    }
    options.signal?.throwIfAborted();
    const merged = now();
    const previous = writer.base?.generation ?? null;
    const generation = await writer.commit({ reason: `import ${description.locator}` });
    const timings = { read: read - started, merge: merged - read, commit: now() - merged };
    return {
      source: description,
      generation,
      previousGeneration: previous,
      timings,
      scratchBytes,
      ...tally.summary(),
    };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

async function readInto(
  spool: RowSpool,
  from: { readonly source: BarSource; readonly request: BarRequest; readonly options: ImportOptions },
): Promise<void> {
  const { source, request, options } = from;
  for await (const batch of source.bars(request)) {
    options.signal?.throwIfAborted();
    spool.append(batch);
    options.onProgress?.({ phase: "read", rows: spool.rows, instruments: batch.instruments.length });
  }
}

interface MergeContext {
  readonly writer: StoreWriter;
  readonly description: SourceDescription;
  readonly options: ImportOptions;
  readonly tally: ImportTally;
  /** Takes the rows of every instrument as its whole history. */
  readonly replaces: boolean;
}

/** Merges everything spooled; returns the instruments whose history was rewritten and must be read whole. */
async function mergeSpool(spool: RowSpool, context: MergeContext): Promise<ReadonlySet<string>> {
  const { writer, description, options, tally } = context;
  const inspected = new InspectedInstruments({
    rules: description.freq === "day" ? options.quality : undefined,
    base: writer.base,
    calendar: options.calendar,
    adjustment: description.adjustment.kind,
    tell: (inspection, fate) => {
      tally.inspected(inspection, fate);
      options.onInspection?.(inspection, fate);
    },
  });
  const check = checkInstruments(spool, {
    base: writer.base,
    calendar: options.calendar,
    description,
    ...inspected.hooksFor(spool),
  });
  tally.check(spool, check);
  if (check.taken.length === 0) return new Set();
  const stored = place(check.taken, writer);
  const kept = new Map(check.taken.map(({ instrument, keep }) => [instrument, keep]));
  const axis = { moments: momentsOf(writer.time) };
  const sets = fieldSetsOf(writer.base, spool.columns, { description, engine: options.engine });
  const shift = shiftOf(writer);
  const again = new Set<string>();
  let done = 0;
  let rows = 0;
  for (const [block, members] of Map.groupBy(stored, (each) => each.block)) {
    options.signal?.throwIfAborted();
    const arrivals = new Map<string, Arrival>();
    const lanes: LaneMerge[] = [];
    for (const member of members) {
      const arrival = arrivalOf(spool, { member, keep: kept.get(member.id), axis }, description);
      const { incoming } = arrival;
      rows += arrival.rows;
      if (context.replaces && incoming.rows[0]! > member.first) {
        tally.failLater(member.id, { error: historyGone(member, context), rows: arrival.rows });
        inspected.settle(member.id, "refused");
      } else {
        arrivals.set(member.id, arrival);
        lanes.push(laneMergeOf(incoming, member, context));
      }
    }
    if (lanes.length === 0) continue;
    const merged = await mergeBlock(writer, { block, lanes, sets, shift });
    for (const lane of merged.lanes) {
      const { instrument } = lane.merge.incoming;
      settle(lane, context);
      if (inspected.rules === undefined) tally.incoming(arrivals.get(instrument)!);
      inspected.settle(instrument, "taken");
    }
    for (const { incoming } of merged.rewritten) {
      again.add(incoming.instrument);
      tally.readAgain(arrivals.get(incoming.instrument)!.rows);
    }
    done += members.length;
    options.onProgress?.({ phase: "merge", rows, instruments: done, of: stored.length });
  }
  return again;
}

/** An instrument's rows as they are merged. */
function arrivalOf(
  spool: RowSpool,
  of: {
    readonly member: StoredInstrument;
    readonly keep: Uint8Array | undefined;
    readonly axis: { readonly moments: Float64Array };
  },
  description: SourceDescription,
): Arrival {
  const { columns } = spool;
  const arrived = spool.take(of.member.id);
  const distinct = distinctRows(of.keep === undefined ? arrived : keptRows(arrived, of.keep), {
    columns,
    placeOf: (origin) => spool.placeOf(origin),
  });
  const incoming = incomingRows(distinct, of.axis, { columns, adjustment: description.adjustment.kind });
  return { incoming, duplicates: distinct.duplicates, rows: arrived.moments.length };
}

/** Makes room for the candidates; blocks in order, so that the store is written once from front to back. */
function place(taken: readonly Candidate[], writer: StoreWriter): StoredInstrument[] {
  const first = taken.reduce((day, each) => Math.min(day, each.first), taken[0]!.first);
  const last = taken.reduce((day, each) => Math.max(day, each.last), taken[0]!.last);
  writer.cover(first, last);
  const placed = writer.addInstruments(taken.map(({ instrument }) => instrument));
  return [...placed].sort((a, b) => a.block - b.block || a.lane - b.lane);
}

function laneMergeOf(incoming: IncomingRows, stored: StoredInstrument, context: MergeContext): LaneMerge {
  const { description, replaces } = context;
  const { kind } = description.adjustment;
  const given = new Set(description.fields.map(({ name }) => name));
  for (const name of incoming.columns.keys()) given.add(name === "source_factor" ? "factor" : name);
  return {
    incoming,
    stored,
    rule: factorRuleOf(kind, given, stored.attributes["factorFrom"]),
    adjustment: kind,
    closes: closeRuleOf(description.adjustment, stored, context.writer.time.days),
    replaces,
  };
}

/** A rewritten history that the source no longer gives from its first stored day. */
function historyGone(stored: StoredInstrument, { description, writer }: MergeContext): DataError {
  const from = isoOf(writer.time.days[stored.first]!);
  return new DataError(
    "DATA_UNITS_MIXED",
    `${description.locator} has rewritten the adjusted history of ${stored.id} but no longer gives it from ${from} on`,
    {
      remedy: "import a source that holds the whole history, or import it into another workspace",
      place: { instrument: stored.id },
    },
  );
}

/** Records a merged lane: span, attributes, counts. */
function settle(lane: MergedLane, context: MergeContext): void {
  const { writer, description, tally } = context;
  const { merge, outcome, tail } = lane;
  tally.lane(lane, writer.time);
  if (!outcome.changed) return;
  const { id, attributes } = merge.stored;
  const { kind, baseDay } = description.adjustment;
  const base = outcome.runningBase === undefined ? attributes["factorBase"] : String(outcome.runningBase);
  writer.setSpan(id, outcome.first, outcome.last);
  writer.setAttributes(id, {
    adjustment: kind,
    ...(baseDay === undefined ? {} : { baseDay: isoOf(baseDay) }),
    source: description.locator,
    factorFrom: merge.rule,
    ...(base === undefined ? {} : { factorBase: base }),
    ...merge.closes?.attributes,
    ...(kind === "qfq" ? { fingerprint: fingerprintOf(tail.days, tail.closes) } : {}),
  });
}

/** Rows by which the axis moved up since the generation the write started from. */
function shiftOf(writer: StoreWriter): number {
  const first = writer.base?.time.days[0];
  return first === undefined ? 0 : Math.max(0, writer.time.days.indexOf(first));
}

/** Front-adjusted histories are asked for with some days that are stored already. */
function withOverlap(request: BarRequest, writer: StoreWriter, description: SourceDescription): BarRequest {
  const { base } = writer;
  if (request.start === undefined || base === null || description.adjustment.kind !== "qfq") return request;
  let start = request.start;
  for (const { attributes, last } of base.instruments) {
    if (attributes["adjustment"] !== "qfq" || last < 0) continue;
    start = Math.min(start, base.time.days[Math.max(0, last - OVERLAP_SESSIONS)]!);
  }
  return { ...request, start };
}

/** The request that brings rewritten histories back to their first stored day. */
function wholeHistoryOf(instruments: ReadonlySet<string>, writer: StoreWriter): BarRequest {
  const { base } = writer;
  const firsts = (base?.instruments ?? []).filter(({ id }) => instruments.has(id)).map(({ first }) => first);
  const start = base?.time.days[Math.min(...firsts)];
  if (start === undefined) {
    throw new DataError("STORE_DAMAGED", "the store lists no first day of a rewritten instrument", {
      remedy: "run verify",
    });
  }
  return { instruments, start };
}
