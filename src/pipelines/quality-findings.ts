/** A quality report in a few lines, one a rule: for the factor report and the terminal. */
import type { QualityReport, ReportedFinding, RuleCount } from "#data/quality/quality-report";
import { rules } from "#data/quality/rule-catalogue";
import type { QualityFinding } from "#evaluation/report/factor-report";

/** One finding a rule that found something, in the catalogue's order, with the catalogue's words. */
export function qualityFindings(report: QualityReport): readonly QualityFinding[] {
  return report.rules.map((counted) => {
    const { rule, severity, findings, instruments } = counted;
    const { title, meaning } = rules[rule];
    const example = exampleOf(report, rule);
    const days = counted.days === findings ? "" : String(counted.days);
    return {
      rule: title,
      count: findings,
      severity,
      remark: {
        zh: `${meaning.zh}涉及 ${instruments} 只证券${days && `，共 ${days} 天`}${example && `，例如 ${example}`}。`,
        en:
          `${meaning.en} ${plural(instruments, "instrument")}` +
          `${days && `, ${days} days`}${example && `, such as ${example}`}.`,
      },
    };
  });
}

/** The first listed finding of a rule: `600000.SH 2017-05-30`, or its stretch; empty when none is listed. */
export function exampleOf(report: QualityReport, rule: RuleCount["rule"]): string {
  const found = report.findings.find((each) => each.rule === rule);
  return found === undefined ? "" : placeOf(found);
}

function placeOf({ instrument, day, lastDay }: ReportedFinding): string {
  return `${instrument} ${day}${lastDay === undefined || lastDay === day ? "" : `…${lastDay}`}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
