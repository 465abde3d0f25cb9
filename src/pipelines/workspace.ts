import { join } from "node:path";
import { openStore, type OpenedStore } from "#data/store/open-store";
import type { StoreKey } from "#data/store/panel-store";
import { calendarNamed } from "#market/calendar/exchange-calendars";
import type { Frequency } from "#panel/axes";

/** Folders of a workspace. Nothing is created here. */
export interface Workspace {
  readonly root: string;
  readonly stores: string;
  readonly reference: string;
  readonly quality: string;
  readonly reports: string;
  /** Compiled factors, which can be made again. */
  readonly programs: string;
}

export function workspaceAt(root: string): Workspace {
  return {
    root,
    stores: join(root, "store"),
    reference: join(root, "reference"),
    quality: join(root, "quality"),
    reports: join(root, "reports"),
    programs: join(root, "cache", "programs"),
  };
}

const BAR_MINUTES: Readonly<Record<Exclude<Frequency, "day">, 1 | 5 | 15 | 30 | 60>> = {
  "1min": 1,
  "5min": 5,
  "15min": 15,
  "30min": 30,
  "60min": 60,
};

/** The store of a calendar and frequency, on the exchange calendar of that name. */
export function storeOf(workspace: Workspace, key: StoreKey): OpenedStore {
  const calendar = calendarNamed(key.calendar);
  const sessionsBetween = (start: number, end: number): Int32Array => calendar.sessionsBetween(start, end);
  if (key.freq === "day") return openStore(workspace.stores, key, { sessionsBetween });
  const slots = calendar.slots(calendar.atOrBefore(calendar.last), BAR_MINUTES[key.freq]);
  return openStore(workspace.stores, key, { sessionsBetween, slots });
}

/** The key that `storeName` gave. Throws `RangeError` on another text. */
export function parseStoreName(name: string): StoreKey {
  const [calendar = "", freq = "", ...rest] = name.split("/");
  const known: readonly string[] = ["day", ...Object.keys(BAR_MINUTES)];
  if (calendar === "" || rest.length > 0 || !known.includes(freq)) throw new RangeError(`no store ${name}`);
  return { calendar, freq: freq as Frequency };
}

/** `XSHG/day`: how a store is named on the command line and in reports. */
export function storeName(key: StoreKey): string {
  return `${key.calendar}/${key.freq}`;
}
