import type { VenueName } from "./venue.ts";

/**
 * What a six-digit mainland code is, by its first digits. Only its listing venue and board can be read from a
 * code; the same digits mean another thing on the other exchange (`000001` is a Shenzhen share, `000001.SH` the
 * Shanghai index), so a lookup names the venue or, for a bare code, takes the share.
 *
 * Beijing: shares carried NEEQ codes (43, 83, 87, 88) at first, new listings carry 920, and vendors write the
 * history of recoded shares under 920 too. So `9…` is a Shanghai B share only as `900`.
 */
export type Board = "MAIN" | "STAR" | "CHINEXT" | "BSE" | "B_SSE" | "B_SZSE";

export type CodeKind = Board | "FUND" | "CONVERTIBLE" | "INDEX";

export interface CodeRange {
  readonly prefix: string;
  readonly venue: VenueName;
  readonly kind: CodeKind;
}

const range = (venue: VenueName, kind: CodeKind, prefixes: string): CodeRange[] =>
  prefixes.split(" ").map((prefix) => ({ prefix, venue, kind }));

export const codeRanges: readonly CodeRange[] = [
  ...range("SSE", "MAIN", "600 601 603 605"),
  ...range("SSE", "STAR", "688 689"),
  ...range("SSE", "B_SSE", "900"),
  ...range("SSE", "FUND", "50 51 52 53 55 56 58"),
  ...range("SSE", "CONVERTIBLE", "110 111 113 118"),
  ...range("SZSE", "MAIN", "000 001 002 003"),
  ...range("SZSE", "CHINEXT", "300 301 302"),
  ...range("SZSE", "B_SZSE", "200"),
  ...range("SZSE", "FUND", "15 16 18"),
  ...range("SZSE", "CONVERTIBLE", "123 127 128"),
  ...range("SZSE", "INDEX", "399"),
  ...range("BSE", "BSE", "43 83 87 88 920"),
  ...range("BSE", "INDEX", "899"),
  ...range("SSE", "INDEX", "000"),
];

/** The range a code falls in on that venue, or, without a venue, the share or fund a bare code means. */
export function codeRangeOf(code: string, venue?: VenueName): CodeRange | undefined {
  return codeRanges.find(
    (range) => code.startsWith(range.prefix) && (venue === undefined || range.venue === venue),
  );
}
