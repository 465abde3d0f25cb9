/** A finding as one line, for logs, terminals and the import's result. */
import { isoOf } from "#market/day";
import type { Finding } from "./finding.ts";
import { rules } from "./rule-catalogue.ts";

/** `Bar on a closed day: 9.11, expected no bar: XSHG was closed (kept out)`. */
export function sentenceOf({ rule, value, expected, day, lastDay, count, action }: Finding): string {
  const stretch = lastDay === undefined || lastDay === day ? "" : ` to ${isoOf(lastDay)}`;
  const many = count === undefined ? "" : `, ${count} rows or days`;
  const found =
    value === null || count !== undefined ? "" : `: ${Number(value.toPrecision(8))}, expected ${expected}`;
  const done = { kept: "", dropped: " (kept out)", merged: " (merged)", refused: " (instrument refused)" }[
    action
  ];
  return `${rules[rule].title.en}${stretch}${many}${found}${done}`;
}
