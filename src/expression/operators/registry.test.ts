import { describe, expect, test } from "vitest";
import { BEYOND_QLIB } from "./declaration.ts";
import { operatorsPage } from "./reference-page.ts";
import { operatorNamed, operators } from "./registry.ts";

/** Every operator class that Qlib registers, but for its abstract bases. */
const qlibNames =
  "ChangeInstrument Rolling Ref Max Min Sum Mean Std Var Skew Kurt Med Mad Slope Rsquare Resi Rank Quantile Count EMA WMA Corr Cov Delta Abs Sign Log Power Add Sub Mul Div Greater Less And Or Not Gt Ge Lt Le Eq Ne Mask IdxMax IdxMin If TResample P PRef".split(
    " ",
  );

test("every operator of Qlib is there, under its own name, and the others say that they are ours", () => {
  const ours = operators.filter(({ source }) => source.startsWith(BEYOND_QLIB)).map(({ name }) => name);
  expect(operators.map(({ name }) => name).sort()).toEqual([...qlibNames, ...ours].sort());
});

test("no two operators have one name", () => {
  expect(new Set(operators.map(({ name }) => name)).size).toBe(operators.length);
});

test("every operator across instruments has a form within groups", () => {
  const across = operators.filter(({ family }) => family === "cross-section").map(({ name }) => name);
  const named = (prefix: string): string[] =>
    across.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  expect(named("CS")).toEqual(named("Group"));
  expect(named("CS").length * 2).toBe(across.length);
});

describe.each(operators.map((operator) => [operator.name, operator] as const))("%s", (name, operator) => {
  test("says what it does, what it does about missing values and where it is from", () => {
    expect(operatorNamed(name)).toBe(operator);
    expect([operator.summary, operator.missing, operator.source].every((text) => text.length > 0)).toBe(true);
    expect(operator.window !== undefined).toBe(operator.parameters.some(({ kind }) => kind === "window"));
  });
});

test("the reference page is what the declarations say", async () => {
  await expect(operatorsPage()).toMatchFileSnapshot("../../../docs/reference/operators.md");
});
