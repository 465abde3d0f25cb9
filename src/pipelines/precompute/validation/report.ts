import { isStateSet } from "#data/store/state-sets";
import { ruleNames, rules, type RuleName, type Severity } from "./rules.ts";
import { scoreOf, type DimensionScore, type Level, type ScoreCard } from "./score.ts";

/** The report of a validation: plain JSON with a stated version. */
export const VALIDATION_VERSION = 1;

export type ValidationMode = "fast" | "sample" | "full";

/** JSON has no infinities. */
export type JsonNumber = number | "inf" | "-inf" | "nan";

export interface ValidationFinding {
  readonly rule: RuleName;
  readonly severity: Severity;
  readonly set?: string;
  readonly factor?: string;
  readonly instrument?: string;
  readonly block?: number;
  /** `YYYY-MM-DD`: the day, or the first of those counted together. */
  readonly day?: string;
  readonly lastDay?: string;
  /** Cells, factors or instruments that the finding stands for. */
  readonly count: number;
  /** What is stored on `day`. */
  readonly value?: JsonNumber;
  /** What the reference computes there. */
  readonly reference?: JsonNumber;
  /** What is allowed, or what was found, in words. */
  readonly detail?: string;
}

export interface RuleCount {
  readonly rule: RuleName;
  readonly severity: Severity;
  readonly findings: number;
  /** Sum of the findings' counts. */
  readonly count: number;
}

/** What was found of one set. */
export interface SetSummary {
  readonly set: string;
  /** Registered factors, those stored, those of them that are of today's expression and engine. */
  readonly registered: number;
  readonly stored: number;
  readonly current: number;
  readonly blocks: number;
  readonly staleBlocks: number;
  readonly missingBlocks: number;
  /** Blocks whose values were looked at. */
  readonly scannedBlocks: number;
}

/** Figures of one factor over the blocks that were scanned. */
export interface FactorSummary {
  readonly set: string;
  readonly factor: string;
  readonly values: number;
  /** Cells whose window of inputs is complete; `values` counts others too. */
  readonly expected: number;
  readonly least: JsonNumber;
  readonly greatest: JsonNumber;
  /** Of a sample; null where values of different instruments cannot be compared, or there are none. */
  readonly median: number | null;
  readonly deviation: number | null;
  readonly outliers: number;
  readonly infinite: number;
  readonly outside: number;
  /** Cells that are missing though inputs are complete, before the reference was asked. */
  readonly gaps: number;
}

/** What was recomputed. */
export interface RecomputedSample {
  readonly seed: number;
  readonly instruments: readonly string[];
  /** Pairs of a factor and an instrument, those that looked suspicious among them. */
  readonly series: number;
  readonly suspicious: number;
  /** Series with unexplained gaps beyond those that the mode recomputes. */
  readonly unjudged: number;
  readonly cells: number;
  readonly equal: number;
}

export interface ValidationReport {
  readonly version: typeof VALIDATION_VERSION;
  readonly mode: ValidationMode;
  /** `XSHG/day` */
  readonly store: string;
  readonly generation: number;
  readonly engine: string;
  /** No error was found. */
  readonly ok: boolean;
  /** Everything is computed, from today's bars, definitions and engine. */
  readonly fresh: boolean;
  readonly score: number;
  readonly level: Level;
  readonly dimensions: readonly DimensionScore[];
  readonly rules: readonly RuleCount[];
  readonly sets: readonly SetSummary[];
  readonly factors: readonly FactorSummary[];
  readonly sample: RecomputedSample | null;
  /** By rule, the largest first; at most {@link LISTED_PER_RULE} of a rule. */
  readonly findings: readonly ValidationFinding[];
  readonly findingsLeftOut: number;
  /** All blocks of factor sets whose files or values are damaged, whatever `findings` leaves out. */
  readonly damaged: readonly SetBlock[];
  /** All blocks that hold values which the reference contradicts. */
  readonly wrong: readonly SetBlock[];
}

export interface SetBlock {
  readonly set: string;
  readonly block: number;
}

const LISTED_PER_RULE = 200;
/** Findings of a rule that are kept until the report is made. */
const KEPT_PER_RULE = 20_000;

/** Gathers findings as they come. */
export class FindingList {
  readonly #counts = new Map<
    string,
    { rule: RuleName; severity: Severity; findings: number; count: number }
  >();
  readonly #kept = new Map<RuleName, ValidationFinding[]>();
  readonly #damaged = new Map<string, SetBlock>();
  readonly #wrong = new Map<string, SetBlock>();

  add(
    rule: RuleName,
    details: Omit<ValidationFinding, "rule" | "severity" | "count"> &
      Partial<Pick<ValidationFinding, "severity" | "count">>,
  ): void {
    const finding: ValidationFinding = { rule, severity: rules[rule].severity, count: 1, ...details };
    const key = `${rule} ${finding.severity}`;
    let count = this.#counts.get(key);
    if (count === undefined)
      this.#counts.set(key, (count = { rule, severity: finding.severity, findings: 0, count: 0 }));
    count.findings++;
    count.count += finding.count;
    const kept = this.#kept.get(rule);
    if (kept === undefined) this.#kept.set(rule, [finding]);
    else if (kept.length < KEPT_PER_RULE) kept.push(finding);
  }

  damaged(set: string, block: number): void {
    this.#damaged.set(`${set} ${block}`, { set, block });
  }

  wrong(set: string, block: number): void {
    this.#wrong.set(`${set} ${block}`, { set, block });
  }

  has(rule: RuleName): boolean {
    return this.#kept.has(rule);
  }

  report(
    about: Pick<ValidationReport, "mode" | "store" | "generation" | "engine" | "sets" | "factors" | "sample">,
    card: ScoreCard,
  ): ValidationReport {
    const counts = [...this.#counts.values()].sort(
      (a, b) =>
        severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
        ruleNames.indexOf(a.rule) - ruleNames.indexOf(b.rule),
    );
    const findings = ruleNames.flatMap((rule) =>
      [...(this.#kept.get(rule) ?? [])].sort(worstFirst).slice(0, LISTED_PER_RULE),
    );
    const ok = counts.every(({ severity }) => severity !== "error");
    const stale: readonly RuleName[] = ["factor-missing", "block-missing", "block-stale", "factor-outdated"];
    const dimensions = card.dimensions();
    return {
      version: VALIDATION_VERSION,
      ...about,
      ok,
      fresh: !stale.some((rule) => this.has(rule)),
      ...scoreOf(dimensions, ok),
      dimensions,
      rules: counts,
      findings,
      findingsLeftOut: counts.reduce((sum, count) => sum + count.findings, 0) - findings.length,
      damaged: inOrder(this.#damaged.values()),
      wrong: inOrder(this.#wrong.values()),
    };
  }
}

const severities: readonly Severity[] = ["error", "warning", "note"];

function worstFirst(a: ValidationFinding, b: ValidationFinding): number {
  return severities.indexOf(a.severity) - severities.indexOf(b.severity) || b.count - a.count;
}

function inOrder(blocks: Iterable<SetBlock>): SetBlock[] {
  return [...blocks].sort((a, b) => (a.set === b.set ? a.block - b.block : a.set < b.set ? -1 : 1));
}

/** Blocks of factor sets to compute anew because bytes are damaged; states of recurrences count for their set. */
export function damagedBlocks(report: ValidationReport): readonly SetBlock[] {
  return report.damaged;
}

/** Blocks to compute anew because the reference contradicts what is stored. */
export function wrongBlocks(report: ValidationReport): readonly SetBlock[] {
  return report.wrong;
}

/** The factor set that a stored set belongs to, states and checkpoints of its recurrences included; null for another. */
export function ownerOf(stored: string, sets: readonly string[]): string | null {
  if (sets.includes(stored)) return stored;
  if (!isStateSet(stored)) return null;
  const owners = sets.filter((set) => stored.startsWith(`${set}.`));
  return owners.sort((a, b) => b.length - a.length)[0] ?? null;
}

/** A number as JSON can hold it. */
export function jsonNumber(value: number): JsonNumber {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
}
