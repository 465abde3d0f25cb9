import type { Processes } from "../holder.ts";
import { compactStore } from "../compact.ts";
import type { Disk } from "../disk.ts";
import { localStorage } from "../local-storage.ts";
import type { OpenedStore } from "../open-store.ts";
import { openStore } from "../open-store.ts";
import type { StoreWriter } from "../panel-store.ts";
import { sampleSessions, sampleSet, sampleValues } from "./sample-store.ts";

const key = { calendar: "XSHG", freq: "day" } as const;
const bars = sampleSet("bars", { close: "f64", volume: "f64" });
const factors = sampleSet("alpha", { MA5: "f32" }, "factor");

/** Processes of which those of other boots are gone: a crash ends every holder. */
export function bootedProcesses(boot: string): Processes {
  let uses = 0;
  return {
    self: () => ({ host: "host", boot, pid: 1, started: "1", use: String(uses++) }),
    isGone: (holder) => holder.boot !== boot,
  };
}

/** A store on this disk with small tiers, so that a few days fold. */
export function smallStore(disk: Disk, boot: string): OpenedStore {
  return openStore("/", key, {
    sessionsBetween: sampleSessions,
    now: () => 0,
    keep: 1,
    storage: localStorage("/w/XSHG/day", disk),
    processes: bootedProcesses(boot),
    layout: { tiers: [2, 4], chunkRows: 4, pileUp: 3 },
  });
}

export interface Step {
  readonly name: string;
  run(store: OpenedStore): Promise<unknown>;
}

async function write(store: OpenedStore, work: (writer: StoreWriter) => Promise<void>): Promise<void> {
  await using writer = await store.writer();
  await work(writer);
  await writer.commit({ reason: "step" });
}

const ids = Array.from({ length: 33 }, (_, index) => `S${index}`);

const appendDay = (day: number): Step => ({
  name: `append day ${day}`,
  run: (store) =>
    write(store, async (writer) => {
      writer.cover(day, day);
      const row = writer.time.days.length - 1;
      for (const block of [0, 1]) {
        await writer.put(bars, block, row, [
          { name: "close", values: sampleValues("f64", 1, (_, lane) => day * 100 + block + lane / 64) },
          { name: "volume", values: sampleValues("f64", 1, (_, lane) => 2 ** 53 - day - lane) },
        ]);
        await writer.put(factors, block, row, [
          {
            name: "MA5",
            values: sampleValues("f32", 1, (_, lane) => (lane % 5 === 0 ? Number.NaN : day / lane)),
          },
        ]);
      }
      for (const id of ids) writer.setSpan(id, 0, row);
    }),
});

/** One of everything that changes a store. */
export const steps: readonly Step[] = [
  {
    name: "first import",
    run: (store) =>
      write(store, async (writer) => {
        writer.cover(100, 105);
        writer.addInstruments(ids);
        for (const block of [0, 1]) {
          await writer.put(bars, block, 0, [
            { name: "close", values: sampleValues("f64", 5, (row, lane) => row + block + lane / 64) },
            { name: "volume", values: sampleValues("f64", 5, (row, lane) => row * lane) },
          ]);
        }
        for (const id of ids) writer.setSpan(id, 0, 4);
      }),
  },
  {
    name: "a new set",
    run: (store) =>
      write(store, async (writer) => {
        for (const block of [0, 1]) {
          await writer.put(factors, block, 0, [
            { name: "MA5", values: sampleValues("f32", 5, (row, lane) => row / lane) },
          ]);
        }
        writer.setListing("reference", "industry", [{ path: "reference/i.parquet", sha256: "0", size: 1 }]);
      }),
  },
  appendDay(106),
  appendDay(107),
  {
    name: "a correction",
    run: (store) =>
      write(store, async (writer) => {
        await writer.put(bars, 0, 2, [{ name: "close", values: sampleValues("f64", 1, () => -1) }]);
      }),
  },
  appendDay(108),
  appendDay(109),
  {
    name: "earlier history",
    run: (store) =>
      write(store, async (writer) => {
        writer.cover(95, 99);
        await writer.put(bars, 1, 0, [{ name: "close", values: sampleValues("f64", 4, (row) => row - 0.5) }]);
      }),
  },
  {
    name: "rollback",
    run: async (store) => store.rollback((await store.generations())[1]!.generation),
  },
  { name: "compaction", run: (store) => compactStore(store) },
  {
    name: "a dropped set",
    run: (store) =>
      write(store, async (writer) => {
        writer.drop("alpha");
      }),
  },
];

/** What is written after a crash, to show that the store still works. */
export const nextStep = appendDay(120);
