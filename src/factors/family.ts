import type { FactorDeclaration } from "./factor-set.ts";

/**
 * One definition over several windows. `{d}` stands for the window wherever a text has it, `{d-1}` and `{d+1}` for its
 * neighbours, as in the rows before a window is full.
 */
export type FactorFamily = Omit<FactorDeclaration, "alias" | "parameters">;

/** A factor per window, in the order of the windows. */
export function overWindows(family: FactorFamily, windows: readonly number[]): FactorDeclaration[] {
  return windows.map((window) => {
    const filled = (text: string): string =>
      text
        .replaceAll("{d}", String(window))
        .replaceAll("{d-1}", String(window - 1))
        .replaceAll("{d+1}", String(window + 1));
    const { title, description, formula } = family;
    return {
      ...family,
      name: filled(family.name),
      expression: filled(family.expression),
      ...(title === undefined ? {} : { title: { zh: filled(title.zh), en: filled(title.en) } }),
      ...(description === undefined
        ? {}
        : { description: { zh: filled(description.zh), en: filled(description.en) } }),
      ...(formula === undefined ? {} : { formula: filled(formula) }),
      parameters: { window },
    };
  });
}
