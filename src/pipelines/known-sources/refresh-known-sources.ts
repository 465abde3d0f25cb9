/**
 * Brings a store up to date with the sources it was imported from: those whose files changed are imported again, in the
 * order in which they were first imported. One that cannot be read is reported and does not keep the others back.
 *
 * Where two sources give a value differently, the one imported later holds. So when a changed source corrects what is
 * stored, the later ones are merged over it again for the instruments concerned.
 */
import type { ImportProgress } from "#data/ingest/import-bars";
import type { ImportResult } from "#data/ingest/import-result";
import type { BarRequest, BarSource } from "#data/source";
import { parseMapping } from "#data/mapping/mapping-file";
import { openBarSource } from "#data/sources/open-source";
import type { StoreKey } from "#data/store/panel-store";
import { openSource, refreshData } from "../refresh-data.ts";
import { storeOf, type Workspace } from "../workspace.ts";
import { type ChangedPart, changedPart, onlyInstruments, requestOf } from "./changed-part.ts";
import type { KnownSource } from "./known-source.ts";
import { readKnownSources, renewSource } from "./registry.ts";
import { besideOf, recognisedIn, rememberImport, withBesideFiles } from "./remember-import.ts";
import { type SourceChanges, sourceChanges } from "./source-changes.ts";
import { goneProblem, ownProblem, problemOf, type SourceOutcome } from "./source-outcome.ts";
import { refuseOtherSource } from "./still-the-same-source.ts";

export interface RefreshProgress {
  readonly locator: string;
  readonly source: number;
  readonly of: number;
  readonly phase: "look" | ImportProgress["phase"];
  /** Files looked at, or rows read and merged. */
  readonly done: number;
}

export interface RefreshSourcesOptions {
  readonly engine: string;
  /** Compare content whatever size and timestamp say. */
  readonly rehash?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: RefreshProgress) => void;
  /** Told of each source as soon as it is done. */
  readonly onSource?: (outcome: SourceOutcome) => void;
  /** Wall clock in milliseconds. */
  readonly now?: () => number;
}

export interface RefreshedSources {
  readonly outcomes: readonly SourceOutcome[];
  /** Generations of the store before and after; null while there is none. */
  readonly before: number | null;
  readonly generation: number | null;
}

/**
 * Looks at every known source of a store and imports what changed. Throws what stops all of them alike: the store's own
 * errors (STORE_…), DATA_DISK_FULL, DATA_MEMORY_LIMIT, the signal's reason, and defects.
 */
export async function refreshKnownSources(
  workspace: Workspace,
  key: StoreKey,
  options: RefreshSourcesOptions,
): Promise<RefreshedSources> {
  const { sources, unreadable } = await readKnownSources(workspace, key);
  const outcomes: SourceOutcome[] = [];
  const note = (outcome: SourceOutcome): void => {
    outcomes.push(outcome);
    options.onSource?.(outcome);
  };
  for (const error of unreadable)
    note({ kind: "failed", id: null, locator: error.place.file ?? "", problem: problemOf(error) });
  const before = await generationOf(workspace, key);
  const overwritten = new Overwritten();
  let generation = before;
  for (const [index, known] of sources.entries()) {
    options.signal?.throwIfAborted();
    const pass = { workspace, known, options, generation, overwritten, index, of: sources.length };
    let outcome: SourceOutcome;
    try {
      outcome = await refreshOne(pass);
    } catch (error) {
      outcome = {
        kind: "failed",
        id: known.id,
        locator: known.locator,
        problem: ownProblem(error, options.signal),
      };
    }
    if (outcome.kind === "imported") {
      ({ generation } = outcome.result);
      overwritten.add(outcome.result);
    }
    note(outcome);
  }
  return { outcomes, before, generation };
}

/** Instruments whose stored values a source changed in this run. */
class Overwritten {
  readonly #instruments = new Set<string>();
  #all = false;

  get any(): boolean {
    return this.#all || this.#instruments.size > 0;
  }

  add(result: ImportResult): void {
    const { corrections, factorRevisions, rewrites } = result;
    this.#all ||=
      result.correctionCount > corrections.length || result.factorRevisionCount > factorRevisions.length;
    for (const { instrument } of [...corrections, ...factorRevisions, ...rewrites])
      this.#instruments.add(instrument);
  }

  within(request: BarRequest): BarRequest {
    return this.#all ? request : onlyInstruments(request, this.#instruments);
  }
}

interface Pass {
  readonly workspace: Workspace;
  readonly known: KnownSource;
  readonly options: RefreshSourcesOptions;
  readonly generation: number | null;
  readonly overwritten: Overwritten;
  readonly index: number;
  readonly of: number;
}

async function refreshOne(pass: Pass): Promise<SourceOutcome> {
  const { workspace, known, options, overwritten } = pass;
  const looking = { now: options.now ?? Date.now, signal: options.signal };
  const tell = (phase: RefreshProgress["phase"], done: number): void =>
    options.onProgress?.({ locator: known.locator, source: pass.index, of: pass.of, phase, done });
  const looked = await sourceChanges(known, {
    ...looking,
    rehash: options.rehash,
    onFile: (done) => tell("look", done),
  });
  const { compared } = looked;
  const kept = (): KnownSource => ({ ...known, files: [...compared.files, ...compared.gone] });
  // A store that is new, or older than the import, does not hold what the record says.
  const lost = pass.generation === null || pass.generation < known.generation;
  const nothingThere = compared.files.every(({ role }) => role !== "rows");
  if (nothingThere || (looked.state !== "changed" && !lost && !overwritten.any)) {
    if (compared.hashed.files > 0) await renewSource(workspace, kept());
    return outcomeWithoutImport(known, looked);
  }
  const { opened, part } = await partToRead(looked, { known, lost, overwritten });
  refuseOtherSource(known, await opened.describe(), compared.changes);
  if (part.request.instruments?.size === 0) {
    await renewSource(workspace, kept());
    return outcomeWithoutImport(known, looked);
  }
  const recognised = known.mapping === null ? recognisedIn(opened) : null;
  const origin = { ...known, recognised, beside: besideOf(opened) };
  const files = await withBesideFiles(origin, compared.files, looking);
  const { engine, signal } = options;
  const { result } = await refreshData(workspace, namedAs(part.source, known.locator), {
    engine,
    request: part.request,
    ...(part.words === null ? {} : { part: "update" }),
    ...(signal === undefined ? {} : { signal }),
    onProgress: ({ phase, rows }) => tell(phase, rows),
  });
  const { gone } = compared;
  await rememberImport(
    { workspace, origin, request: part.request, files, gone, result, engine, renews: known },
    looking,
  );
  const changes = compared.changes.filter(({ kind }) => kind !== "gone");
  if (changes.length === 0 && result.generation === pass.generation)
    return outcomeWithoutImport(known, looked);
  const { id, locator } = known;
  const missing = gone.length === 0 ? null : goneProblem(known, looked);
  return { kind: "imported", id, locator, changes, part: part.words, result, missing };
}

interface Why {
  readonly known: KnownSource;
  readonly lost: boolean;
  readonly overwritten: Overwritten;
}

/**
 * The source, and what of it has to be read. Recognising looks through all of it, so that is done anew only when all of it
 * is read anyway; a part is read as the whole was understood.
 */
async function partToRead(
  looked: SourceChanges,
  why: Why,
): Promise<{ readonly opened: BarSource; readonly part: ChangedPart }> {
  const { place, mapping, recognised } = why.known;
  if (recognised !== null) {
    const opened = await openBarSource(place, { mapping: parseMapping(recognised, place) });
    const part = partOf(opened, looked, why);
    if (part.words !== null) return { opened, part };
  }
  const opened = await openSource(place, mapping ?? undefined);
  return { opened, part: partOf(opened, looked, why) };
}

/** What changed; and where a source before this one changed values that this one may have too, those instruments. */
function partOf(opened: BarSource, looked: SourceChanges, { known, lost, overwritten }: Why): ChangedPart {
  const whole: ChangedPart = { source: opened, request: requestOf(known), words: null };
  if (lost || (looked.state === "changed" && overwritten.any)) return whole;
  if (looked.state === "changed") return changedPart(opened, known, looked.compared);
  return {
    ...whole,
    request: overwritten.within(whole.request),
    words: "the instruments that an earlier source changed",
  };
}

function outcomeWithoutImport(known: KnownSource, looked: SourceChanges): SourceOutcome {
  const { id, locator } = known;
  const { gone, files } = looked.compared;
  if (gone.length === 0 && files.length > 0) return { kind: "unchanged", id, locator };
  return {
    kind: "missing",
    id,
    locator,
    files: gone.map(({ path }) => path),
    problem: goneProblem(known, looked),
  };
}

/** The source under the name it was first imported by, which is what the store's lineage says. */
function namedAs(source: BarSource, locator: string): BarSource {
  return {
    describe: async () => ({ ...(await source.describe()), locator }),
    bars: (request) => source.bars(request),
  };
}

/** The store's current generation; null when there is none. */
async function generationOf(workspace: Workspace, key: StoreKey): Promise<number | null> {
  const store = storeOf(workspace, key);
  if (!(await store.exists())) return null;
  await using snapshot = await store.snapshot();
  return snapshot.generation;
}
