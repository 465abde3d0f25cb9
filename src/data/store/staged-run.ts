import type { Column } from "#panel/panel";
import { firstRow } from "./axis.ts";
import { FieldSetTable } from "./field-set-table.ts";
import type { Manifest, SegmentEntry } from "./manifest.ts";
import { segmentGroups, segmentsOfGroups, type SegmentGroups } from "./manifest-text.ts";
import type { FieldSet } from "./panel-store.ts";
import { LANES_PER_BLOCK } from "./panel-store.ts";
import { SegmentStage } from "./segment-stage.ts";
import type { Storage } from "./storage.ts";
import type { StoreParts } from "./store-parts.ts";

/**
 * A generation in the making by many processes, over many restarts. A run holds the generation it starts from; its
 * attempts write segments under names of their own, and a writer adopts those of the attempts that count in one commit.
 * While a run is held, the writers' tidying leaves its files and its base generation alone.
 */
const RUNS = "runs";

export interface HeldRun {
  readonly run: string;
  /** The generation it starts from. */
  readonly generation: number;
}

/** What an attempt wrote of a set and block: the segments that count besides those of the base that they leave visible. */
export interface StagedBlock {
  readonly set: string;
  readonly block: number;
  readonly segments: readonly SegmentEntry[];
}

/** Staged blocks on their way to other threads, processes and databases. */
export type StagedGroups = SegmentGroups;

export function stagedGroups(blocks: readonly StagedBlock[]): StagedGroups {
  return segmentGroups(blocks.flatMap(({ segments }) => segments));
}

export function stagedBlocks(groups: StagedGroups): StagedBlock[] {
  const blocks = new Map<string, { set: string; block: number; segments: SegmentEntry[] }>();
  for (const entry of segmentsOfGroups(groups)) {
    const { set, block } = entry;
    const known = blocks.get(`${set}/${block}`);
    if (known === undefined) blocks.set(`${set}/${block}`, { set, block, segments: [entry] });
    else known.segments.push(entry);
  }
  return [...blocks.values()];
}

const RUN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

const holdOf = ({ run, generation }: HeldRun): string => `${RUNS}/${generation}~${run}`;

/** Runs that were begun and not ended, also by processes that are gone. */
export async function heldRuns(storage: Storage): Promise<HeldRun[]> {
  return (await storage.list(RUNS)).flatMap((name) => {
    const cut = name.indexOf("~");
    const [generation, run] = [Number(name.slice(0, cut)), name.slice(cut + 1)];
    return cut > 0 && Number.isSafeInteger(generation) && RUN.test(run) ? [{ run, generation }] : [];
  });
}

/** Durable when it returns. The generation must be pinned or current meanwhile. */
export async function holdRun(storage: Storage, held: HeldRun): Promise<void> {
  if (!RUN.test(held.run)) throw new RangeError(`"${held.run}" cannot be the name of a run`);
  if ((await storage.size(holdOf(held))) === null) await storage.put(holdOf(held), []);
  await storage.flush();
}

/** Lets a run go: what it staged and nobody adopted is cleared by the next writer. */
export async function releaseRun(storage: Storage, run: string): Promise<void> {
  const holds = (await heldRuns(storage)).filter((held) => held.run === run);
  await storage.remove(holds.map(holdOf));
  await storage.flush();
}

export interface AttemptOptions {
  readonly run: string;
  /** Tells attempts at the same blocks apart; each number is used once in a run. */
  readonly attempt: number;
  /** Sets whose stored values do not count, because the commit will drop them first. */
  readonly dropped?: ReadonlySet<string>;
}

/** One attempt at some blocks of a run. Nothing it writes is seen until a writer adopts it. */
export class StagedAttempt implements AsyncDisposable {
  readonly #parts: StoreParts;
  readonly #base: Manifest;
  readonly #stage: SegmentStage;
  readonly #fieldSets = new FieldSetTable();
  #isSettled = false;

  constructor(parts: StoreParts, base: Manifest, options: AttemptOptions) {
    const { run, attempt, dropped = new Set() } = options;
    this.#parts = parts;
    this.#base = base;
    const known = base.segments.filter((entry) => !dropped.has(entry.set));
    this.#stage = new SegmentStage(parts, known, {
      generation: base.generation + 1,
      run: `${run}.${attempt}`,
    });
    for (const set of base.fieldSets.values()) {
      if (!dropped.has(set.name)) this.#fieldSets.take(set, set.fields);
    }
  }

  /** As a writer's `put`; rows are those of the base generation. */
  async put(set: FieldSet, block: number, from: number, columns: readonly Column[]): Promise<void> {
    this.#stage.mustNotHaveFailed();
    const fields = this.#fieldSets.describe(set, columns);
    this.#fieldSets.take(set, fields);
    const rows = (columns[0]?.values.length ?? 0) / LANES_PER_BLOCK;
    if (rows === 0) return;
    await this.#stage.put({
      set: set.name,
      block,
      fields,
      columns: columns.map(({ values }) => values),
      from: from + firstRow(this.#base.axis),
    });
  }

  /** Folds, makes everything durable, and says what the blocks consist of now. */
  async settle(): Promise<readonly StagedBlock[]> {
    this.#stage.mustNotHaveFailed();
    await this.#stage.settle({
      axis: this.#base.axis,
      fieldsOf: (set) => this.#fieldSets.fieldsOf(set),
    });
    await this.#parts.storage.flush();
    this.#isSettled = true;
    return this.#stage.touched().map(({ set, block }) => ({
      set,
      block,
      segments: this.#stage.of(set, block).filter(({ generation }) => generation > this.#base.generation),
    }));
  }

  /** Removes what was written, unless it was settled. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isSettled) return;
    await this.#stage.quiet();
    await this.#parts.storage.remove(this.#stage.written);
  }
}
