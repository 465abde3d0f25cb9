/** One pass over the rows of a snapshot's file: order, uniqueness, sessions, spans, and whether the units can be right. */
import type { StoredFrame } from "#data/hdf5/open-frame";
import { byText } from "#data/export/series-table";
import { isoOf, type Day } from "#market/day";
import type { FindingList } from "./verify-findings.ts";

const MS_PER_DAY = 86_400_000;

export interface RowSpans {
  readonly rows: number;
  readonly first: Day;
  readonly last: Day;
  /** By code. */
  readonly spans: ReadonlyMap<string, { first: Day; last: Day }>;
}

export async function inspectRows(
  file: StoredFrame,
  check: { readonly sessions: ReadonlySet<Day>; readonly signal?: AbortSignal },
  findings: FindingList,
): Promise<RowSpans> {
  const names = file.columns.map(({ name }) => name);
  const market = ["high", "low", "close", "volume", "amount"].map((name) =>
    names.find((each) => each === name || each === `$${name}`),
  );
  const columns = market.filter((name) => name !== undefined);
  const at = market.map((name) => (name === undefined ? -1 : columns.indexOf(name)));
  const has = { range: at[0]! >= 0 && at[1]! >= 0, money: at.slice(2).every((index) => index >= 0) };
  const rank = rankOf(file.keys);
  const spans = new Map<string, { first: Day; last: Day }>();
  const units = new UnitRatio();
  let [rows, lastTime, lastKey] = [0, Number.NEGATIVE_INFINITY, -1];
  for await (const batch of file.batches({
    columns,
    ...(check.signal === undefined ? {} : { signal: check.signal }),
  })) {
    const [high, low, close, volume, amount] = at.map((index) =>
      index < 0 ? null : (batch.values[index] ?? null),
    );
    for (let row = 0; row < batch.times.length; row++) {
      const time = batch.times[row]!;
      const key = rank[batch.keys[row]!]!;
      const day = Math.floor(time / MS_PER_DAY);
      const code = file.keys[batch.keys[row]!]!;
      const where = (): string => `${code} on ${isoOf(day)}, row ${rows + row + 1}`;
      if (time === lastTime && key === lastKey) findings.add("INDEX_DUPLICATE", where());
      else if (time < lastTime || (time === lastTime && key < lastKey)) findings.add("INDEX_ORDER", where());
      if (time !== lastTime && !check.sessions.has(day)) findings.add("DAY_NOT_A_SESSION", isoOf(day));
      [lastTime, lastKey] = [time, key];
      const span = spans.get(code);
      if (span === undefined) spans.set(code, { first: day, last: day });
      else span.last = day;
      if (has.range && Number(high![row]) < Number(low![row]))
        findings.add("PRICES_DISORDERED", `${where()}: high ${String(high![row])}, low ${String(low![row])}`);
      if (has.money) units.take(Number(amount![row]) / Number(volume![row]) / Number(close![row]));
    }
    rows += batch.times.length;
  }
  units.report(findings);
  const days = [...spans.values()];
  return {
    rows,
    first: Math.min(...days.map(({ first }) => first)),
    last: Math.max(...days.map(({ last }) => last)),
    spans,
  };
}

/** Places of the keys in the order of their labels, whatever order the file lists them in. */
function rankOf(keys: readonly string[]): Int32Array {
  const order = keys.map((_, index) => index).sort((a, b) => byText(keys[a]!, keys[b]!));
  const rank = new Int32Array(keys.length);
  for (const [place, index] of order.entries()) rank[index] = place;
  return rank;
}

/** amount ÷ volume ÷ close is near 1 in any adjustment; the median of what came by says whether the units agree. */
class UnitRatio {
  readonly #logs: number[] = [];
  #seen = 0;

  take(ratio: number): void {
    // Every seventeenth row, up to some ten thousand, says enough.
    if (!(ratio > 0 && Number.isFinite(ratio)) || this.#seen++ % 17 !== 0 || this.#logs.length > 20_000)
      return;
    this.#logs.push(Math.log10(ratio));
  }

  report(findings: FindingList): void {
    if (this.#logs.length === 0) return;
    const sorted = this.#logs.sort((a, b) => a - b);
    const median = sorted[sorted.length >> 1]!;
    if (Math.abs(median) < 0.5) return;
    findings.add(
      "UNITS_IMPLAUSIBLE",
      `amount / volume is ${(10 ** median).toPrecision(3)} times the close on half of the days`,
    );
  }
}
