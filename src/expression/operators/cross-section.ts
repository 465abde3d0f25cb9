import { withinGroups, type SectionKernel } from "#kernels/cross-section/group";
import { BEYOND_QLIB, type Argument, type Operator, type Parameter, type WindowRule } from "./declaration.ts";
import { union } from "./reach.ts";

/**
 * Declarations of operators over the instruments of one row, which come in pairs: `CSRank(x)` among all of them,
 * `GroupRank(x, group)` among those with an equal group code. They are ours beyond Qlib. An instrument takes part on the
 * rows of its own span; the results are float64, and belong to the instrument like any other value.
 */
export interface SectionDeclaration {
  /** Behind `CS` and `Group`. */
  readonly name: string;
  readonly summary: string;
  readonly missing: string;
  readonly source: string;
  /** `x` alone unless told. */
  readonly series?: readonly string[];
  /** The arguments that are no series. */
  readonly rest?: readonly Parameter[];
  readonly window?: WindowRule;
  /** Throws `TypeRefusal` on arguments that make no sense. */
  readonly check?: (rest: readonly Argument[]) => void;
  readonly kernel: (rest: readonly Argument[]) => SectionKernel;
}

type Form = Pick<Operator, "summary" | "missing" | "parameters" | "compute">;

export function crossSection(declared: SectionDeclaration): readonly [Operator, Operator] {
  const series = (declared.series ?? ["x"]).map((name): Parameter => ({ name, kind: "series" }));
  const rest = declared.rest ?? [];
  const base = {
    family: "cross-section",
    source: `${BEYOND_QLIB}; ${declared.source}`,
    infinity: "absorbs",
    scope: "cross-section",
    ...(declared.window === undefined ? {} : { window: declared.window }),
    type(_operands, others) {
      declared.check?.(others);
      return "f64";
    },
    reach: union,
  } satisfies Partial<Operator>;
  const among = (name: string, form: Form): Operator => ({ ...base, name, ...form });
  return [
    among(`CS${declared.name}`, {
      summary: declared.summary,
      missing: declared.missing,
      parameters: [...series, ...rest],
      compute: (task) => declared.kernel(task.arguments)(task.inputs as Float64Array[], task.out),
    }),
    among(`Group${declared.name}`, {
      summary: `CS${declared.name} among the instruments with the same group code`,
      missing: `as CS${declared.name}; NaN where the code is NaN or ±inf`,
      parameters: [...series, { name: "group", kind: "series" }, ...rest],
      compute(task) {
        const inputs = task.inputs as Float64Array[];
        withinGroups(declared.kernel(task.arguments), inputs.slice(0, -1), inputs.at(-1)!, task.out);
      },
    }),
  ];
}

/** A kernel that gives every instrument of the section the same number. */
export function broadcast(of: (x: Float64Array) => number): () => SectionKernel {
  return () =>
    ([x], out) => {
      out.fill(of(x!));
    };
}

export const LEFT_OUT = "NaN and ±inf are left out and give NaN";
