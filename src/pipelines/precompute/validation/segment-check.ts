import { describeRows } from "#data/store/axis";
import type { Manifest, SegmentEntry } from "#data/store/manifest";
import { segmentPath, SEGMENTS } from "#data/store/manifest";
import type { OpenedStore } from "#data/store/open-store";
import type { StoreSnapshot } from "#data/store/panel-store";
import { readCurrent, readKept } from "#data/store/store-parts";
import { entryDamages } from "#data/store/verify";
import { ownerOf, type FindingList } from "./report.ts";
import type { ScoreCard } from "./score.ts";

/**
 * The files behind a snapshot: whether they are there, and whether every byte is what was written. Files of other sets
 * than those validated and their inputs are not looked at.
 */
export class SegmentCheck {
  readonly #store: OpenedStore;
  readonly #manifest: Manifest;
  readonly #sets: readonly string[];
  readonly #absent = new Set<SegmentEntry>();
  readonly #run: { readonly findings: FindingList; readonly card: ScoreCard };

  private constructor(
    store: OpenedStore,
    manifest: Manifest,
    rest: { readonly sets: readonly string[]; readonly findings: FindingList; readonly card: ScoreCard },
  ) {
    this.#store = store;
    this.#manifest = manifest;
    this.#sets = rest.sets;
    this.#run = rest;
  }

  /** Throws STORE_DAMAGED, STORE_FORMAT. */
  static async of(
    store: OpenedStore,
    snapshot: StoreSnapshot,
    rest: { readonly sets: readonly string[]; readonly findings: FindingList; readonly card: ScoreCard },
  ): Promise<SegmentCheck> {
    const current = await readCurrent(store.parts);
    const manifest =
      current?.manifest.generation === snapshot.generation
        ? current.manifest
        : await readKept(store.parts, snapshot.generation);
    if (manifest === null) throw new RangeError(`generation ${snapshot.generation} is not of this store`);
    return new SegmentCheck(store, manifest, rest);
  }

  /** One listing of the folder: which files are not there. */
  async presence(): Promise<void> {
    const present = new Set(await this.#store.parts.storage.list(SEGMENTS));
    let checked = 0;
    let bad = 0;
    for (const entry of this.#manifest.segments) {
      if (!this.#concerns(entry)) continue;
      checked++;
      if (present.has(segmentPath(entry).slice(SEGMENTS.length + 1))) continue;
      bad++;
      this.#absent.add(entry);
      this.#report("file-missing", entry, segmentPath(entry));
    }
    this.#run.card.add("integrity", "files", { checked, bad });
  }

  /** Every byte of a block's files, states of recurrences and bars included. */
  async bytes(block: number): Promise<void> {
    const { axis } = this.#manifest;
    let checked = 0;
    let bad = 0;
    for (const entry of this.#manifest.segments) {
      if (entry.block !== block || !this.#concerns(entry) || this.#absent.has(entry)) continue;
      checked++;
      const damages = await entryDamages(this.#store, entry);
      if (damages.length === 0) continue;
      bad++;
      for (const { field, from, to, what } of damages) {
        const rule = this.#isInput(entry) ? "input-damaged" : "damaged";
        const where = `${segmentPath(entry)}: ${what}, ${describeRows(axis, from, to)}`;
        this.#report(rule, entry, where, {
          count: to - from,
          ...(field === undefined ? {} : { factor: field }),
        });
      }
    }
    this.#run.card.add("integrity", "files read", { checked, bad });
  }

  #report(
    rule: "file-missing" | "damaged" | "input-damaged",
    entry: SegmentEntry,
    detail: string,
    more: { readonly count?: number; readonly factor?: string } = {},
  ): void {
    this.#run.findings.add(rule, { set: entry.set, block: entry.block, detail, ...more });
    const owner = ownerOf(entry.set, this.#sets);
    if (owner !== null) this.#run.findings.damaged(owner, entry.block);
  }

  #isInput(entry: SegmentEntry): boolean {
    return this.#manifest.fieldSets.get(entry.set)?.role === "market";
  }

  #concerns(entry: SegmentEntry): boolean {
    return this.#isInput(entry) || ownerOf(entry.set, this.#sets) !== null;
  }
}
