/** A source of given rows in given batches, to test what takes rows from a source. */
import type { Adjustment, BarBatch, BarRequest, BarSource, SourceDescription } from "#data/source";
import type { Day } from "#market/day";

export interface TestRow {
  readonly instrument: string;
  readonly day: Day;
  readonly values: Readonly<Record<string, number>>;
}

export class RowsSource implements BarSource {
  /** Requests made so far. */
  readonly requests: BarRequest[] = [];
  readonly #rows: readonly TestRow[];
  readonly #batchRows: number;
  readonly #adjustment: Adjustment;
  readonly #locator: string;

  constructor(
    rows: readonly TestRow[],
    options: {
      readonly batchRows?: number;
      readonly adjustment?: Adjustment;
      readonly locator?: string;
    } = {},
  ) {
    this.#rows = rows;
    this.#batchRows = options.batchRows ?? 3;
    this.#adjustment = options.adjustment ?? { kind: "raw" };
    this.#locator = options.locator ?? "rows:test";
  }

  describe(): Promise<SourceDescription> {
    const names = new Set(this.#rows.flatMap(({ values }) => Object.keys(values)));
    return Promise.resolve({
      locator: this.#locator,
      shape: "rows",
      reasons: [],
      freq: "day",
      calendar: "test",
      adjustment: this.#adjustment,
      fields: [...names].sort().map((name) => ({ name, unit: "", from: name })),
      files: ["test"],
    });
  }

  async *bars(request: BarRequest = {}): AsyncIterable<BarBatch> {
    this.requests.push(request);
    const { start = -Infinity, end = Infinity, instruments } = request;
    const rows = this.#rows.filter(
      ({ instrument, day }) => day >= start && day <= end && (instruments?.has(instrument) ?? true),
    );
    const names = (await this.describe()).fields.map(({ name }) => name);
    const dictionary: string[] = [];
    for (let from = 0; from < rows.length; from += this.#batchRows) {
      const part = rows.slice(from, from + this.#batchRows);
      for (const { instrument } of part) if (!dictionary.includes(instrument)) dictionary.push(instrument);
      yield {
        instruments: [...dictionary],
        instrument: Int32Array.from(part, ({ instrument }) => dictionary.indexOf(instrument)),
        days: Int32Array.from(part, ({ day }) => day),
        columns: new Map(
          names.map((name) => [name, Float64Array.from(part, ({ values }) => values[name] ?? Number.NaN)]),
        ),
        origin: { file: "test", firstRow: from + 1 },
      };
    }
  }
}
