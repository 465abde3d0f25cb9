import * as fc from "fast-check";
import { expect, test } from "vitest";
import { compactStore } from "./compact.ts";
import { localStorage } from "./local-storage.ts";
import type { OpenedStore } from "./open-store.ts";
import { openStore } from "./open-store.ts";
import type { StoredDtype, StoreWriter } from "./panel-store.ts";
import { LANES_PER_BLOCK } from "./panel-store.ts";
import { MemoryDisk } from "./testing/memory-disk.ts";
import { sampleSessions, sampleSet, sampleValues } from "./testing/sample-store.ts";
import { bootedProcesses } from "./testing/scenario.ts";
import { seededRandom } from "./testing/store-digest.ts";
import { verifyStore } from "./verify.ts";

const key = { calendar: "XSHG", freq: "day" } as const;
const dtypes: Readonly<Record<string, StoredDtype>> = { close: "f64", volume: "f64", ma: "f32" };
const set = sampleSet("bars", dtypes);
const firstDay = 700;

/** The naive twin: every cell by its session, number of instrument and field. */
class CellStore {
  cells = new Map<string, number>();
  from = Infinity;
  to = -Infinity;
  instruments = 0;
  clone(): CellStore {
    return Object.assign(new CellStore(), this, { cells: new Map(this.cells) });
  }
  put(field: string, day: number, instrument: number, value: number): void {
    this.cells.set(`${field} ${day} ${instrument}`, value);
  }
  at(field: string, day: number, instrument: number): number {
    return this.cells.get(`${field} ${day} ${instrument}`) ?? Number.NaN;
  }
}

const special = [Number.NaN, -0, 0, Infinity, -Infinity, 2 ** 53, 2 ** 53 - 1, 5e-324, -1.5];

function valueOf(seed: number, dtype: StoredDtype): (row: number, lane: number) => number {
  const random = seededRandom(seed);
  return () => {
    const pick = random();
    const value = pick < 0.3 ? special[Math.floor(random() * special.length)]! : random() * 1e6;
    return dtype === "f32" ? Math.fround(value) : value;
  };
}

interface Put {
  readonly block: number;
  /** Shares of the covered rows. */
  readonly from: number;
  readonly rows: number;
  readonly fields: readonly string[];
  readonly seed: number;
}

type Command =
  | { readonly kind: "write"; readonly grow: number; readonly newIds: number; readonly puts: readonly Put[] }
  | { readonly kind: "again"; readonly puts: readonly Put[] }
  | { readonly kind: "abort"; readonly puts: readonly Put[] }
  | { readonly kind: "compact" }
  | { readonly kind: "reopen" }
  | { readonly kind: "rollback" };

const put: fc.Arbitrary<Put> = fc.record({
  block: fc.nat(1),
  from: fc.double({ min: 0, max: 1, noNaN: true }),
  rows: fc.integer({ min: 1, max: 9 }),
  fields: fc.subarray(Object.keys(dtypes), { minLength: 1 }),
  seed: fc.nat(1e6),
});
const puts = fc.array(put, { maxLength: 4 });
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      grow: fc.integer({ min: -5, max: 6 }),
      newIds: fc.nat(20),
      puts,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("again" as const), puts }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("abort" as const), puts }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Command>({ kind: "compact" }, { kind: "reopen" }, { kind: "rollback" }),
  },
);

async function putAll(writer: StoreWriter, model: CellStore, list: readonly Put[]): Promise<void> {
  const { days } = writer.time;
  const blocks = Math.ceil(model.instruments / LANES_PER_BLOCK);
  for (const { fields, seed, ...where } of list) {
    if (days.length === 0 || blocks === 0) continue;
    const block = Math.min(where.block, blocks - 1);
    const from = Math.min(Math.floor(where.from * days.length), days.length - 1);
    const rows = Math.min(where.rows, days.length - from);
    const columns = fields.map((name, index) => ({
      name,
      values: sampleValues(dtypes[name]!, rows, valueOf(seed + index, dtypes[name]!)),
    }));
    await writer.put(set, block, from, columns);
    for (const { name, values } of columns) {
      for (let cell = 0; cell < values.length; cell++) {
        const instrument = block * LANES_PER_BLOCK + (cell % LANES_PER_BLOCK);
        model.put(name, days[from + Math.floor(cell / LANES_PER_BLOCK)]!, instrument, values[cell]!);
      }
    }
  }
}

async function agrees(store: OpenedStore, model: CellStore): Promise<void> {
  await using snapshot = await store.snapshot();
  expect(snapshot.instruments.length).toBe(model.instruments);
  expect([...snapshot.time.days]).toEqual([...sampleSessions(model.from, model.to)]);
  const bars = snapshot.fieldSets.get("bars");
  for (let block = 0; block < snapshot.blocks; block++) {
    const names = bars?.fields.map((field) => field.name) ?? [];
    if (names.length === 0) continue;
    const stored = await snapshot.readBlock("bars", block, names);
    for (const [field, values] of stored) {
      let wrong = "";
      for (let cell = 0; cell < values.length && wrong === ""; cell++) {
        const day = snapshot.time.days[Math.floor(cell / LANES_PER_BLOCK)]!;
        const instrument = block * LANES_PER_BLOCK + (cell % LANES_PER_BLOCK);
        const expected = model.at(field, day, instrument);
        if (!Object.is(values[cell], expected)) {
          wrong = `${field} of instrument ${instrument} on ${day} is ${values[cell]}, not ${expected}`;
        }
      }
      expect(wrong).toBe("");
    }
  }
}

test(
  "any sequence of writes, corrections, aborts, rollbacks and compactions reads back as a map of cells would",
  { timeout: 900_000 },
  async () => {
    let folded = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 14 }), async (commands) => {
        const disk = new MemoryDisk();
        const open = (): OpenedStore =>
          openStore("/", key, {
            sessionsBetween: sampleSessions,
            now: () => 0,
            storage: localStorage("/w", disk),
            processes: bootedProcesses("one"),
            layout: { tiers: [2, 4, 8], chunkRows: 2, pileUp: 3, splitBytes: 4096 },
          });
        let store = open();
        let model = new CellStore();
        const history = new Map<number, CellStore>();
        let lastPuts: readonly Put[] = [];
        for (const step of commands) {
          if (step.kind === "reopen") store = open();
          else if (step.kind === "write") {
            await using writer = await store.writer();
            const from =
              step.grow < 0 ? Math.min(model.from, firstDay) + step.grow : Math.min(model.from, firstDay);
            const to = Math.max(model.to, firstDay) + Math.max(step.grow, 0);
            writer.cover(from, to);
            Object.assign(model, { from, to });
            const ids = Array.from({ length: step.newIds }, (_, index) => `S${model.instruments + index}`);
            writer.addInstruments(ids);
            model.instruments += step.newIds;
            await putAll(writer, model, step.puts);
            history.set(await writer.commit({ reason: "write" }), model.clone());
            lastPuts = step.puts;
          } else if (step.kind === "abort") {
            if (model.instruments === 0) continue;
            await using writer = await store.writer();
            await putAll(writer, model.clone(), step.puts);
          } else if (step.kind === "again") {
            if (model.instruments === 0) continue;
            await using writer = await store.writer();
            await putAll(writer, model, lastPuts);
            await putAll(writer, model, lastPuts);
            history.set(await writer.commit({ reason: "again" }), model.clone());
          } else if (step.kind === "compact") {
            const { generation } = await compactStore(store);
            history.set(generation, model.clone());
            folded++;
          } else {
            if (!(await store.exists())) continue;
            const { generation } = (await store.generations()).at(-1)!;
            const restored = history.get(generation)!.clone();
            history.set(await store.rollback(generation), restored.clone());
            model = restored;
          }
          if (await store.exists()) await agrees(store, model);
        }
        const findings = (await store.exists()) ? (await verifyStore(store)).findings : [];
        expect(findings).toEqual([]);
      }),
      { numRuns: process.env["DEPTH"] === "full" ? 2000 : 60 },
    );
    expect(folded).toBeGreaterThan(0);
  },
);
