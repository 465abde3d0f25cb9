import { treeOf } from "#expression/ir/build";
import { nearestName } from "#expression/syntax/suggestion";
import { refuseLookAhead } from "#factors/compute";
import type { FactorRegistry, RegisteredFactor } from "#factors/registry";
import { ReadError } from "./errors.ts";

/**
 * What each name asked for means: a field of the bars (`close`, `$close`), a registered factor under any of its names
 * (`RSI14`, `tech.RSI14`, `alpha_019`), or else an expression. The columns keep the names as they were asked for, a
 * field's without its dollar sign.
 */
export type WantedColumn =
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "factor"; readonly name: string; readonly entry: RegisteredFactor }
  | { readonly kind: "expression"; readonly name: string };

const FIELD = /^\$?([A-Za-z_]\w*)$/;
const PLAIN = /^[A-Za-z_][\w.]*$/;

/**
 * Throws READ_NOTHING_ASKED, READ_NAME_TWICE, FACTOR_UNKNOWN (with the nearest field or factor), and `ExpressionError` for
 * an expression that is none or looks ahead.
 */
export function wantedColumns(
  names: readonly string[],
  known: { readonly registry: FactorRegistry; readonly fields: readonly string[] },
): readonly WantedColumn[] {
  const asked = [...new Set(names)];
  if (asked.length === 0) {
    throw new ReadError("READ_NOTHING_ASKED", "no name was asked for", {
      remedy: "name fields, factors or expressions: close, RSI14, Mean($close,5)/$close",
    });
  }
  const columns = asked.map((name) => wantedColumn(name, known));
  const taken = new Map<string, string>();
  for (const [index, { name }] of columns.entries()) {
    const earlier = taken.get(name);
    if (earlier !== undefined) {
      throw new ReadError("READ_NAME_TWICE", `${earlier} and ${asked[index]!} are one column`, {
        remedy: "ask for one of them",
      });
    }
    taken.set(name, asked[index]!);
  }
  return columns;
}

function wantedColumn(
  name: string,
  { registry, fields }: { readonly registry: FactorRegistry; readonly fields: readonly string[] },
): WantedColumn {
  const field = FIELD.exec(name)?.[1];
  if (field !== undefined && fields.includes(field)) return { kind: "field", name: field };
  const entry = registry.find(name);
  if (entry !== undefined) return { kind: "factor", name, entry };
  if (PLAIN.test(name)) {
    const nearest = nearestName(name, fields);
    if (nearest !== undefined) {
      throw new ReadError("READ_FIELD_UNKNOWN", `there is neither a field nor a factor ${name}`, {
        remedy: `did you mean the field ${nearest}?`,
      });
    }
    return { kind: "factor", name, entry: registry.factor(name) };
  }
  treeOf(name);
  refuseLookAhead(name, name);
  return { kind: "expression", name };
}
