import { QLIB_INPUTS, type VwapRule } from "#data/export/qlib-bin/qlib-fields";
import { streamProblem, StreamingFactors } from "#expression/run/streaming-factors";
import type { Day } from "#market/day";
import { columnOf, panelOf, type Panel } from "#panel/panel";
import type { FactorProgram, FactorPrograms } from "../read-features/factor-programs.ts";
import type { SnapshotSource } from "../snapshot/snapshot-source.ts";
import type { PartialFailure } from "./errors.ts";
import { panelOfFrame } from "./frame-panel.ts";
import type { LiveColumn } from "./live-plan.ts";
import { adjustedField, QUOTED_FIELDS, type PartialBar } from "./partial-bar.ts";

/**
 * Factors of the running session: the same definitions, fed the stored bars that they reach back to and then the partial bar,
 * one row at a time. The bits are those that a batch gives once a bar of these numbers is stored.
 */
export interface PartialFactorRequest {
  readonly columns: readonly LiveColumn[];
  /** Canonical ids with a bar; in the order of the values. */
  readonly bars: readonly PartialBar[];
  readonly day: Day;
  /** Last stored session. */
  readonly last: Day;
}

export interface PartialFactors {
  /** By name of the column, a value for each bar. */
  readonly values: ReadonlyMap<string, Float32Array | Float64Array>;
  readonly failures: readonly PartialFailure[];
}

export async function partialFactors(
  request: PartialFactorRequest,
  context: {
    readonly source: SnapshotSource;
    readonly programs: FactorPrograms;
    readonly vwap?: VwapRule;
    readonly signal?: AbortSignal;
  },
): Promise<PartialFactors> {
  const values = new Map<string, Float32Array | Float64Array>();
  const stored = inputFields(context.source);
  const typical = context.vwap === "typical" && !stored.includes("vwap");
  const fields = typical ? [...stored, "vwap"] : stored;
  const { columns, failures } = computable(request.columns, { ...context, fields });
  if (request.bars.length === 0) return { values, failures };
  const infinite: PartialFailure[] = [];
  const byType = Map.groupBy(columns, ({ scope, precision }) => `${scope} ${precision}`);
  for (const some of byType.values()) {
    const [{ precision }] = some as [Computable];
    const shape = shapeOf(fields);
    const program = context.programs.program(
      some.map(({ column }) => ({ ...column.factor! })),
      shape,
      precision,
    );
    const row = await streamed(request, { program, fields, precision, typical }, context);
    for (const [name, own] of row.values) values.set(name, own);
    for (const failure of row.failures)
      if (!infinite.some(({ instrument }) => instrument === failure.instrument)) infinite.push(failure);
  }
  return { values, failures: [...failures, ...infinite] };
}

interface Computable {
  readonly column: LiveColumn;
  readonly scope: string;
  readonly precision: "f32" | "f64";
}

/** Fields that expressions read: Qlib's, and what else was imported. */
function inputFields(source: SnapshotSource): readonly string[] {
  const market = source.columns.filter(({ role }) => role === "market");
  const qlib: readonly string[] = QLIB_INPUTS;
  return market.filter(({ name, set }) => qlib.includes(name) || set === "extra").map(({ name }) => name);
}

function shapeOf(fields: readonly string[]): Panel<"market"> {
  return panelOf({
    role: "market",
    time: { freq: "day", days: new Int32Array(0) },
    instruments: [],
    first: new Int32Array(0),
    last: new Int32Array(0),
    columns: fields.map((name) => ({ name, values: new Float32Array(0) })),
  });
}

/** The columns that one more bar is enough for, and why it is not for the others. */
function computable(
  columns: readonly LiveColumn[],
  context: { readonly programs: FactorPrograms; readonly fields: readonly string[] },
): { readonly columns: readonly Computable[]; readonly failures: readonly PartialFailure[] } {
  const shape = shapeOf(context.fields);
  const failures: PartialFailure[] = [];
  const found: Computable[] = [];
  const failed = (column: LiveColumn, code: PartialFailure["code"], message: string): void => {
    failures.push({ code, instrument: null, column: column.planned.name, message });
  };
  for (const column of columns) {
    const { factor } = column;
    if (factor === null) {
      failed(column, "PARTIAL_NO_DEFINITION", "its values are stored without a definition");
      continue;
    }
    const checked = context.programs.check([factor], shape);
    const [failure] = checked.failures;
    const unquoted = [...checked.fields].filter(
      (field) => !QUOTED_FIELDS.has(field) && !field.startsWith("calendar_"),
    );
    const scope = checked.scopes.get(factor.name);
    if (failure !== undefined) failed(column, "PARTIAL_NOT_COMPUTED", failure.error.message);
    else if (unquoted.length > 0)
      failed(column, "PARTIAL_NOT_QUOTED", `it reads ${unquoted.join(", ")}, which quotes do not have`);
    else if (scope === "across")
      failed(column, "PARTIAL_ACROSS_INSTRUMENTS", "it compares instruments, and not all of them are quoted");
    else {
      const dtype = column.column?.dtype === "f64" ? "f64" : "f32";
      const problem = streamProblem(context.programs.program([factor], shape, dtype).graph, 0);
      if (problem === null) found.push({ column, scope: scope!, precision: dtype });
      else failed(column, "PARTIAL_NOT_COMPUTED", problem.message);
    }
  }
  return { columns: found, failures };
}

interface StreamInputs {
  readonly program: FactorProgram;
  readonly fields: readonly string[];
  readonly precision: "f32" | "f64";
  /** The rule for a vwap that the source does not have. */
  readonly typical: boolean;
}

interface StreamedRow {
  readonly values: ReadonlyMap<string, Float32Array | Float64Array>;
  readonly failures: readonly PartialFailure[];
}

async function streamed(
  { bars, day, last }: PartialFactorRequest,
  inputs: StreamInputs,
  { source, signal }: { readonly source: SnapshotSource; readonly signal?: AbortSignal },
): Promise<StreamedRow> {
  const { program, precision } = inputs;
  const { history, lanes, failures } = await historyOf({ bars, last }, inputs, { source, signal });
  const instruments = bars.map(({ instrument }) => instrument);
  const stream = new StreamingFactors(program.graph, { instruments, precision });
  const width = history.instruments.length;
  for (const [row, session] of history.time.days.entries()) {
    signal?.throwIfAborted();
    stream.push({
      day: session,
      fields: fieldsOf(inputs, (name) => {
        const { values } = columnOf(history, name);
        return Float64Array.from(lanes, (lane) => (lane < 0 ? Number.NaN : values[row * width + lane]!));
      }),
    });
  }
  const row = stream.push({
    day,
    fields: fieldsOf(inputs, (name) =>
      Float64Array.from(bars, (bar, index) => (lanes[index]! < 0 ? Number.NaN : adjustedField(bar, name, 1))),
    ),
  });
  return { values: new Map(stream.names.map((name, output) => [name, row[output]!.slice()])), failures };
}

/** The stored rows that the program reaches back to; lane −1 for an instrument that cannot be computed. */
async function historyOf(
  { bars, last }: Pick<PartialFactorRequest, "bars" | "last">,
  inputs: StreamInputs,
  { source, signal }: { readonly source: SnapshotSource; readonly signal: AbortSignal | undefined },
): Promise<{
  readonly history: Panel;
  readonly lanes: Int32Array;
  readonly failures: readonly PartialFailure[];
}> {
  const instruments = bars.map(({ instrument }) => instrument);
  const sessions = await source.sessions({ end: last });
  const start = sessions[Math.max(0, sessions.length - inputs.program.lookBack)] ?? last;
  const frame = await source.frame(
    { start, end: last, instruments: new Set(instruments) },
    {
      columns: partsOf(inputs),
      adjustment: source.adjustment === "qfq" ? { kind: "qfq", baseDay: last } : { kind: "qlib" },
    },
  );
  const history = await panelOfFrame(frame, signal === undefined ? {} : { signal });
  const laneOf = new Map(history.instruments.map((id, lane) => [id, lane]));
  const failures: PartialFailure[] = [];
  const lanes = Int32Array.from(instruments, (instrument) => {
    const lane = laneOf.get(instrument) ?? -1;
    if (lane < 0 || !holdsInfinity(history, lane)) return lane;
    const message = "a stored bar holds an infinite number";
    failures.push({ code: "PARTIAL_NOT_COMPUTED", instrument, column: null, message });
    return -1;
  });
  return { history, lanes, failures };
}

function holdsInfinity({ columns, instruments }: Panel, lane: number): boolean {
  for (const { values } of columns.values()) {
    for (let at = lane; at < values.length; at += instruments.length)
      if (Math.abs(values[at]!) === Number.POSITIVE_INFINITY) return true;
  }
  return false;
}

/** Columns of the source that are read. The factor has a value on every row: it tells from when on an instrument is listed. */
function partsOf({ program, fields, typical }: StreamInputs): readonly string[] {
  const wanted = new Set(["factor", ...program.fields]);
  if (typical && wanted.delete("vwap")) for (const part of TYPICAL) wanted.add(part);
  return fields.filter((name) => wanted.has(name.toLowerCase()));
}

const TYPICAL = ["high", "low", "close"] as const;

/** A row as expressions read it, float32. */
function fieldsOf(
  inputs: StreamInputs,
  of: (name: string) => Float64Array,
): Readonly<Record<string, Float32Array>> {
  const row = partsOf(inputs).map((name) => [name, Float32Array.from(of(name))] as const);
  if (!inputs.typical || !inputs.program.fields.has("vwap")) return Object.fromEntries(row);
  const [high, low, close] = TYPICAL.map((name) => of(name)) as [Float64Array, Float64Array, Float64Array];
  const vwap = Float32Array.from(close, (value, lane) => (high[lane]! + low[lane]! + value) / 3);
  return Object.fromEntries([...row, ["vwap", vwap]]);
}
