/**
 * Minute bars of a snapshot, from the minute store of the same calendar: prices as traded, each bar stamped at its end.
 * `calendars/1min.txt` lists every slot of the sessions, whether somebody traded or not.
 */
import { join } from "node:path";
import { writeAtomically } from "#data/export/atomic-file";
import { DataError } from "#data/errors";
import type { OpenedStore } from "#data/store/open-store";
import { rowsWithin } from "#pipelines/market-view";
import { storeName } from "#pipelines/workspace";
import { respelled } from "../daily-frame.ts";
import type { DatasetFile, SnapshotDataset } from "../dataset.ts";
import { StoreSnapshotSource } from "../store-snapshot-source.ts";
import { writeDatasetFile } from "./write-dataset-file.ts";

const wanted = ["open", "high", "low", "close", "volume", "amount"];
const calendarFile = "calendars/1min.txt";
const msPerDay = 86_400_000;
const msPerMinute = 60_000;

/** Throws STORE_MISSING when nothing was imported into the store, DATA_FILE_EMPTY when the scope has no bar. */
export function minuteDataset(store: OpenedStore): SnapshotDataset {
  return {
    name: "minute",
    async write(folder, scope, { spell, ...options }): Promise<readonly DatasetFile[]> {
      await using source = await StoreSnapshotSource.open(store);
      const there = new Set(source.columns.filter(({ role }) => role === "market").map(({ name }) => name));
      const columns = wanted.filter((name) => there.has(name));
      const stored = await source.frame(scope, { columns, adjustment: { kind: "raw" } });
      if (stored.keys.length === 0)
        throw new DataError(
          "DATA_FILE_EMPTY",
          `${storeName(store.key)} has no bar of these days and instruments`,
          {
            remedy: "choose other days or instruments, or leave the minute bars out",
          },
        );
      const about = {
        file: "minute_1min.h5",
        description:
          "bars of one minute, stamped at their end; prices as traded, volumes in shares, amounts in yuan",
        frame: respelled(stored, spell),
      };
      const { times: _, ...file } = await writeDatasetFile(folder, about, options);
      await using snapshot = await store.snapshot(source.generation);
      const { from, to } = rowsWithin(snapshot.time, scope.start, scope.end);
      const { days, minutes } = snapshot.time;
      await writeAtomically(
        join(folder, ...calendarFile.split("/")),
        slotLines({ days, minutes: minutes!, from, to }),
      );
      return [file];
    },
  };
}

/** `2018-01-02 09:31:00`, a slot a line, as Qlib's calendars have them. */
function* slotLines(slots: {
  readonly days: Int32Array;
  readonly minutes: Int16Array;
  readonly from: number;
  readonly to: number;
}): Generator<string> {
  for (let row = slots.from; row < slots.to; row++) {
    const time = slots.days[row]! * msPerDay + slots.minutes[row]! * msPerMinute;
    yield `${new Date(time).toISOString().slice(0, 19).replace("T", " ")}\n`;
  }
}
