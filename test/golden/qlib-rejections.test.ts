import { beforeAll, describe, expect, test } from "vitest";
import { readQlibPanel } from "../../src/data/sources/qlib-bin/panel.ts";
import { ExpressionError, type ExpressionErrorCode } from "../../src/expression/errors.ts";
import { evaluateExpressions } from "../../src/expression/run/evaluate.ts";
import type { Panel } from "../../src/panel/panel.ts";
import { goldenJson, holding, withArchive } from "./qlib-golden.ts";

/**
 * What we say to each expression that real Qlib rejects: a coded refusal where grammar, arity, types or windows are
 * wrong; a result where Qlib fails only because rows do not line up or through the way it counts rows.
 */
interface Verdict {
  readonly code?: ExpressionErrorCode;
  readonly works?: string;
}

const verdicts: Readonly<Record<string, Verdict>> = {
  "Corr($close,$volume,0)": { works: "expanding like every N = 0; Qlib only miscounts the rows to load" },
  "Cov($close,$volume,0)": { works: "expanding like every N = 0; Qlib only miscounts the rows to load" },
  "Not(Ref($close>$open,1))": { code: "EXPRESSION_TYPE" },
  "Corr($close/Ref($close,1)-1,ChangeInstrument('SH000300',$close/Ref($close,1)-1),5)": {
    works: "joined by date; Qlib lines arrays of different lengths up by position",
  },
  "And($close,$open)": { code: "EXPRESSION_TYPE" },
  "Not($close)": { code: "EXPRESSION_TYPE" },
  "Corr($close,5,10)": { code: "EXPRESSION_ARGUMENT" },
  "Corr(2,$close,10)": { code: "EXPRESSION_ARGUMENT" },
  "-$close": { code: "EXPRESSION_UNARY_MINUS" },
  "Skew($close,2)": { code: "EXPRESSION_WINDOW" },
  "Kurt($close,3)": { code: "EXPRESSION_WINDOW" },
  "Mean($close,-1)": { code: "EXPRESSION_WINDOW" },
  "Mean($close,2.5)": { code: "EXPRESSION_WINDOW" },
  "Rank($close,0.5)": { code: "EXPRESSION_WINDOW" },
  "Quantile($close,5,1.2)": { code: "EXPRESSION_ARGUMENT" },
  "TResample($close,'W','last')": { code: "EXPRESSION_OPERATOR_UNSUPPORTED" },
  "Ref($close,1.0)": { code: "EXPRESSION_WINDOW" },
  "abs($close)": { code: "EXPRESSION_OPERATOR_UNKNOWN" },
  "Mean($close,'5')": { code: "EXPRESSION_ARGUMENT" },
  "1": { code: "EXPRESSION_CONSTANT" },
  "($close>$open)-($close<$open)": { code: "EXPRESSION_TYPE" },
  "Add(1,2)": { code: "EXPRESSION_CONSTANT" },
  "MEAN($close,5)": { code: "EXPRESSION_OPERATOR_UNKNOWN" },
  $nosuchfield: { code: "EXPRESSION_FIELD_UNKNOWN" },
};

const { raises } = goldenJson("ops_errors_and_special.json") as {
  readonly raises: Readonly<Record<string, string>>;
};
let panel: Panel<"market">;

beforeAll(async () => {
  panel = await withArchive("qlib-bin-store.tar.gz", (folder) => readQlibPanel(holding(folder, "calendars")));
});

test("every expression that Qlib rejects has a verdict", () => {
  expect(Object.keys(raises).filter((expression) => verdicts[expression] === undefined)).toEqual([]);
});

describe("an expression that Qlib rejects", () => {
  test.each(Object.entries(verdicts).filter(([, { code }]) => code !== undefined))(
    "%s is refused with a code, a place and a remedy",
    (expression, { code }) => {
      let thrown: unknown;
      try {
        evaluateExpressions([expression], panel);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(ExpressionError);
      expect(thrown).toMatchObject({ code });
      expect((thrown as ExpressionError).message).toMatch(/column \d+/);
      expect((thrown as ExpressionError).remedy.length).toBeGreaterThan(10);
    },
  );

  test.each(Object.entries(verdicts).filter(([, { works }]) => works !== undefined))(
    "%s works: $works",
    (expression) => {
      const [column] = evaluateExpressions([expression], panel);
      expect(column!.values.some((value) => Number.isFinite(value))).toBe(true);
    },
  );
});
