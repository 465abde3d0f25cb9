import { bottoms } from "./bottom.ts";
import { continuations } from "./continuation.ts";
import { dojis } from "./doji.ts";
import { engulfings } from "./engulfing.ts";
import { gaps } from "./gap.ts";
import { hammers } from "./hammer.ts";
import { hikkakes } from "./hikkake.ts";
import { meetingLines } from "./meeting-lines.ts";
import type { Pattern } from "./pattern.ts";
import { piercings } from "./piercing.ts";
import { singleLines } from "./single-line.ts";
import { soldiersAndCrows } from "./soldiers-and-crows.ts";
import { stars } from "./star.ts";

/** TA-Lib's 61 patterns in the order of their names. */
export const patterns: readonly Pattern[] = [
  ...bottoms,
  ...continuations,
  ...dojis,
  ...engulfings,
  ...gaps,
  ...hammers,
  ...hikkakes,
  ...meetingLines,
  ...piercings,
  ...singleLines,
  ...soldiersAndCrows,
  ...stars,
].sort((a, b) => (a.name < b.name ? -1 : 1));

const byName: ReadonlyMap<string, Pattern> = new Map(patterns.map((pattern) => [pattern.name, pattern]));

/** The pattern of that name. Throws when there is none: names are a matter of the program, not of input. */
export function patternNamed(name: string): Pattern {
  const pattern = byName.get(name);
  if (pattern === undefined) throw new Error(`there is no candlestick pattern ${name}`);
  return pattern;
}
