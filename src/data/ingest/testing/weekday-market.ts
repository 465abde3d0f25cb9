/** A small market, its calendar and an empty store, to import into. */
import { dayOf, weekdayOf } from "#market/day";
import type { Panel } from "#panel/panel";
import { seriesOf } from "#panel/panel";
import type { ImportOptions } from "../import-bars.ts";
import { importBars } from "../import-bars.ts";
import type { ImportResult } from "../import-result.ts";
import { MemoryStore } from "./memory-store.ts";
import type { TestRow } from "./rows-source.ts";
import { RowsSource } from "./rows-source.ts";

export const monday = dayOf("2024-01-01");

/** Monday to Friday for eighty weeks. */
export const calendar = {
  first: monday,
  last: monday + 559,
  isSession: (day: number): boolean => weekdayOf(day) !== 0 && weekdayOf(day) !== 6,
};

/** The n-th session. */
export const session = (n: number): number => monday + Math.floor(n / 5) * 7 + (n % 5);

export function emptyStore(): MemoryStore {
  return new MemoryStore((start, end) =>
    Int32Array.from({ length: end - start + 1 }, (_, i) => start + i).filter((day) =>
      calendar.isSession(day),
    ),
  );
}

type SourceOptions = ConstructorParameters<typeof RowsSource>[1];

export function importInto(
  store: MemoryStore,
  rows: readonly TestRow[],
  options: SourceOptions & { readonly import?: Partial<ImportOptions> } = {},
): Promise<ImportResult> {
  return importBars(new RowsSource(rows, options), store.writer(), {
    calendar,
    engine: "test",
    ...options.import,
  });
}

export function panelOfStore(store: MemoryStore, set = "bars"): Promise<Panel<"market">> {
  return store.snapshot().readPanel({ set, role: "market" });
}

export async function series(
  store: MemoryStore,
  instrument: string,
  field: string,
  set = "bars",
): Promise<number[]> {
  const panel = await panelOfStore(store, set);
  return [...seriesOf(panel, field, panel.instruments.indexOf(instrument))];
}

/** A history: an ex-day now and then, a suspended day now and then, gaps now and then. */
export function history(instrument: string, seed: number, from: number, count: number): TestRow[] {
  let state = seed * 7919 + 13;
  const random = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
  const rows: TestRow[] = [];
  let close = 10 + seed;
  for (let n = from; n < from + count; n++) {
    const dividend = random() < 0.15 ? Math.round(close * 10) / 100 : 0;
    const preclose = Math.round((close - dividend) * 100) / 100;
    const kind = random();
    if (kind < 0.1 && n > from && n < from + count - 1) continue;
    if (kind < 0.2) {
      const values = { close, preclose: close, volume: 0, amount: 0, status: 0, turn: 0 };
      rows.push({ instrument, day: session(n), values });
      continue;
    }
    close = Math.round(preclose * (0.95 + random() * 0.1) * 100) / 100;
    const volume = Math.round(random() * 1e7);
    const values = { close, preclose, volume, amount: close * volume, status: 1, turn: random() };
    rows.push({ instrument, day: session(n), values });
  }
  return rows;
}

export const market = [...history("B", 1, 3, 30), ...history("A", 2, 0, 40), ...history("C", 3, 20, 25)];
