import type { Panel } from "#panel/panel";
import { ExpressionError } from "../errors.ts";
import { nearestName } from "../syntax/suggestion.ts";
import { childrenOf, type SyntaxNode } from "../syntax/tree.ts";
import { calendarColumn, calendarFields } from "./calendar-fields.ts";
import type { PeriodicSource } from "./periods.ts";

/** Where the data of an evaluation come from. */
export interface Origins {
  readonly foreign?: Panel;
  readonly periodic?: PeriodicSource;
}

type Values = Float32Array | Float64Array;

/** The panel's columns by lower-case name, and the calendar fields, each of which is made when it is first asked for. */
class FieldColumns extends Map<string, Values> {
  readonly #panel: Panel;

  constructor(panel: Panel) {
    super();
    this.#panel = panel;
  }

  override has(name: string): boolean {
    return super.has(name) || Object.hasOwn(calendarFields, name);
  }

  override get(name: string): Values | undefined {
    const known = super.get(name);
    if (known !== undefined || !Object.hasOwn(calendarFields, name)) return known;
    const made = calendarColumn(calendarFields[name]!, this.#panel);
    this.set(name, made);
    return made;
  }
}

/**
 * Columns by lower-case name: field names ignore case. An exact lower-case name wins over others. `$calendar_…` are
 * there too, though iterating lists the data's own fields only; the data's columns of such names are passed over.
 */
export function fieldColumns(panel: Panel): ReadonlyMap<string, Values> {
  const columns = new FieldColumns(panel);
  const named = new Set<string>();
  for (const [name, column] of panel.columns) {
    const lower = name.toLowerCase();
    if (Object.hasOwn(calendarFields, lower)) continue;
    if (name === lower || !named.has(lower)) columns.set(lower, column.values);
    named.add(lower);
  }
  return columns;
}

/** Row of an instrument by id, case ignored when no id is exactly equal; −1 when there is none. */
export function laneOf(panel: Panel, instrument: string): number {
  const exact = panel.instruments.indexOf(instrument);
  if (exact >= 0) return exact;
  const lower = instrument.toLowerCase();
  return panel.instruments.findIndex((id) => id.toLowerCase() === lower);
}

/** The first field or instrument of a tree that the data lack, as an error, or null. */
export function checkFields(tree: SyntaxNode, panel: Panel, origins: Origins): ExpressionError | null {
  return check(tree, { panel, home: panel, instruments: panel.instruments, origins });
}

interface Scope {
  readonly panel: Panel;
  readonly home: Panel;
  readonly instruments: readonly string[];
  readonly origins: Origins;
}

function check(tree: SyntaxNode, scope: Scope): ExpressionError | null {
  if (tree.kind === "field") return fieldProblem(tree.name, tree.column, scope.panel);
  if (tree.kind === "periodic") return periodicProblem(tree.name, tree.column, scope);
  if (tree.kind === "call") {
    const [only] = tree.operands;
    if (only?.kind === "text" && tree.operator === "Feature")
      return fieldProblem(only.value, tree.column, scope.panel);
    if (only?.kind === "text" && tree.operator === "PFeature")
      return periodicProblem(only.value, tree.column, scope);
    const other = otherInstrument(tree.operator, tree.operands);
    if (other !== null) return checkOther(other, scope);
  }
  for (const child of childrenOf(tree)) {
    const problem = check(child, scope);
    if (problem !== null) return problem;
  }
  return null;
}

function otherInstrument(
  operator: string,
  operands: readonly SyntaxNode[],
): { readonly name: SyntaxNode; readonly inner: SyntaxNode } | null {
  const [first, second] = operands;
  if (first === undefined || second === undefined) return null;
  if (operator === "ChangeInstrument") return { name: first, inner: second };
  return operator === "Mask" ? { name: second, inner: first } : null;
}

function checkOther(
  other: { readonly name: SyntaxNode; readonly inner: SyntaxNode },
  scope: Scope,
): ExpressionError | null {
  const id = other.name.kind === "text" ? other.name.value : "";
  const panel = [scope.home, scope.origins.foreign].find(
    (each) => each !== undefined && laneOf(each, id) >= 0,
  );
  if (panel !== undefined) {
    return check(other.inner, { ...scope, panel, instruments: [panel.instruments[laneOf(panel, id)]!] });
  }
  const known = [...scope.home.instruments, ...(scope.origins.foreign?.instruments ?? [])];
  const nearest = nearestName(id, known);
  return new ExpressionError("EXPRESSION_INSTRUMENT_UNKNOWN", `there is no instrument ${id}`, {
    column: other.name.column,
    remedy:
      nearest === undefined ? "import it, or hand it over as a foreign panel" : `did you mean ${nearest}?`,
  });
}

function fieldProblem(name: string, column: number, panel: Panel): ExpressionError | null {
  const known = fieldColumns(panel);
  if (known.has(name.toLowerCase())) return null;
  const nearest = nearestName(name, [...known.keys(), ...Object.keys(calendarFields)]);
  const list = [...known.keys()].map((each) => `$${each}`).join(" ");
  return new ExpressionError("EXPRESSION_FIELD_UNKNOWN", `there is no field $${name}`, {
    column,
    remedy: `${nearest === undefined ? "" : `did you mean $${nearest}? `}the data have ${list || "no fields"}`,
  });
}

function periodicProblem(name: string, column: number, scope: Scope): ExpressionError | null {
  const { periodic } = scope.origins;
  const known = scope.instruments.some(
    (instrument) => periodic?.(instrument, name.toLowerCase()) !== undefined,
  );
  if (known) return null;
  return new ExpressionError("EXPRESSION_FIELD_UNKNOWN", `there is no periodic field $$${name}`, {
    column,
    remedy:
      periodic === undefined
        ? "these data hold no point-in-time reports; import them first"
        : "no instrument has reports of this field; check its name and its ending _q or _a",
  });
}
