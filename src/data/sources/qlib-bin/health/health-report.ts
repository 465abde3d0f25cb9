import type { Severity } from "../../../quality/rule-catalogue.ts";
import { healthRuleNames, healthRules, type HealthRuleName } from "./health-rules.ts";

/** Something found in a Qlib directory, with where it is. */
export interface HealthFinding {
  readonly rule: HealthRuleName;
  /** What is there, in words. */
  readonly found: string;
  /** Below the directory, with forward slashes. */
  readonly file?: string;
  /** Line of a text file, from 1. */
  readonly line?: number;
  readonly instrument?: string;
  readonly field?: string;
  /** First day it is seen on. */
  readonly day?: string;
  /** Days or values that the finding stands for. */
  readonly count?: number;
}

export interface HealthReport {
  readonly dir: string;
  /** No error was found. */
  readonly healthy: boolean;
  readonly calendar: string | null;
  readonly days: number;
  readonly first: string | null;
  readonly last: string | null;
  readonly instruments: number;
  readonly files: number;
  readonly fields: readonly string[];
  readonly counts: Readonly<Record<Severity, number>>;
  readonly rules: readonly {
    readonly rule: HealthRuleName;
    readonly severity: Severity;
    readonly title: { readonly en: string; readonly zh: string };
    readonly advice: { readonly en: string; readonly zh: string };
    readonly findings: number;
    readonly instruments: number;
    /** The first of them. */
    readonly listed: readonly HealthFinding[];
  }[];
}

/** Findings of one rule that are listed; all are counted. */
const LISTED = 50;

/** Gathers findings while a directory is looked at. */
export class HealthFindings {
  readonly #byRule = new Map<
    HealthRuleName,
    { count: number; readonly instruments: Set<string>; readonly listed: HealthFinding[] }
  >();

  add(rule: HealthRuleName, found: string, place: Omit<HealthFinding, "rule" | "found"> = {}): void {
    let known = this.#byRule.get(rule);
    if (known === undefined)
      this.#byRule.set(rule, (known = { count: 0, instruments: new Set(), listed: [] }));
    known.count++;
    if (place.instrument !== undefined) known.instruments.add(place.instrument);
    if (known.listed.length < LISTED) known.listed.push({ rule, found, ...place });
  }

  report(about: Omit<HealthReport, "healthy" | "counts" | "rules">): HealthReport {
    const counts = { error: 0, warning: 0, note: 0 };
    const rules = healthRuleNames.flatMap((rule) => {
      const known = this.#byRule.get(rule);
      if (known === undefined) return [];
      const { severity, title, advice } = healthRules[rule];
      counts[severity] += known.count;
      return [
        {
          rule,
          severity,
          title,
          advice,
          findings: known.count,
          instruments: known.instruments.size,
          listed: known.listed,
        },
      ];
    });
    return { ...about, healthy: counts.error === 0, counts, rules };
  }
}
