import { openStore, type OpenedStore } from "#data/store/open-store";
import { LANES_PER_BLOCK, type FieldSet } from "#data/store/panel-store";
import { calendarNamed } from "#market/calendar/exchange-calendars";
import { dayOf } from "#market/day";

const NAMES = ["open", "high", "low", "close", "volume", "amount", "factor"] as const;

const BARS: FieldSet = {
  name: "bars",
  role: "market",
  fields: NAMES.map((name) => ({
    name,
    dtype: "f64",
    unit: "1",
    lineage: { from: "test", engine: "test", inputGeneration: 0 },
  })),
};

/** Two Shanghai stocks in January to March 2019, with a suspended day and an ex-day; `scale` multiplies prices. */
export async function smallStore(root: string, { scale = 1 }: { scale?: number } = {}): Promise<OpenedStore> {
  const calendar = calendarNamed("XSHG");
  const store = openStore(
    root,
    { calendar: "XSHG", freq: "day" },
    { sessionsBetween: (start, end) => calendar.sessionsBetween(start, end), now: () => 0 },
  );
  await using writer = await store.writer();
  writer.cover(dayOf("2019-01-02"), dayOf("2019-03-29"));
  const rows = writer.time.days.length;
  const ids = ["600000.SH", "000001.SZ"];
  writer.addInstruments(ids);
  const columns = NAMES.map((name) => ({
    name,
    values: new Float64Array(rows * LANES_PER_BLOCK).fill(Number.NaN),
  }));
  for (const lane of ids.keys()) {
    for (let row = 0; row < rows; row++) {
      const close = scale * (10 + lane + ((row * 7) % 11) / 10);
      const factor = row < 20 ? 1 : 1.25;
      const isSuspended = lane === 1 && row === 9;
      const bar = isSuspended
        ? [NaN, NaN, NaN, NaN, 0, 0, factor]
        : [close - 0.1, close + 0.2, close - 0.2, close, 1000 + row, ((1000 + row) * close) / scale, factor];
      for (const [field, { values }] of columns.entries()) values[row * LANES_PER_BLOCK + lane] = bar[field]!;
    }
  }
  await writer.put(BARS, 0, 0, columns);
  for (const id of ids) writer.setSpan(id, 0, rows - 1);
  await writer.commit({ reason: "bars" });
  return store;
}
