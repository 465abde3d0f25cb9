import { dayOf, isoOf, type Day } from "../day.ts";
import { MarketError } from "../errors.ts";
import { venueOf, type InstrumentId } from "../instrument.ts";
import { codeRangeOf, type Board, type CodeKind } from "../listing-code.ts";

/**
 * The boards of the mainland exchanges. What a share may do in a day depends on its board and the date. Shenzhen's
 * SME board (002, merged 2021-04-06) traded by the main board's rules and is not told apart.
 */
export interface BoardFacts {
  readonly title: string;
  /** First day of trading; before it no share of the board exists. */
  readonly opened: Day;
}

export const boards: Readonly<Record<Board, BoardFacts>> = {
  MAIN: { title: "main boards of Shanghai and Shenzhen", opened: dayOf("1990-12-19") },
  STAR: { title: "Shanghai STAR Market", opened: dayOf("2019-07-22") },
  CHINEXT: { title: "Shenzhen ChiNext", opened: dayOf("2009-10-30") },
  BSE: { title: "Beijing Stock Exchange", opened: dayOf("2021-11-15") },
  B_SSE: { title: "Shanghai B shares (US dollars)", opened: dayOf("1992-02-21") },
  B_SZSE: { title: "Shenzhen B shares (Hong Kong dollars)", opened: dayOf("1992-02-28") },
};

/** What a mainland id is by its code: a board, `FUND`, `CONVERTIBLE`, `INDEX`, or null for everything else. */
export function kindOf(id: InstrumentId): CodeKind | null {
  const venue = venueOf(id);
  if (venue === null) return null;
  return codeRangeOf(id.slice(0, id.lastIndexOf(".")), venue)?.kind ?? null;
}

export function isBoard(kind: CodeKind | null): kind is Board {
  return kind !== null && Object.hasOwn(boards, kind);
}

/**
 * The board of a share on a day. Throws MARKET_BOARD_UNKNOWN for what is no mainland share, and on days before the
 * board opened: 830799 was a NEEQ share until Beijing opened on 2021-11-15, whatever code it carries since.
 */
export function boardOn(id: InstrumentId, day: Day): Board {
  const kind = kindOf(id);
  if (!isBoard(kind)) {
    const found = kind === null ? "is no mainland share" : `is of kind ${kind}, not a share`;
    throw new MarketError("MARKET_BOARD_UNKNOWN", `${id} ${found}`, {
      remedy: "Board rules are recorded for mainland A and B shares only.",
    });
  }
  if (day < boards[kind].opened) {
    const opened = isoOf(boards[kind].opened);
    throw new MarketError(
      "MARKET_BOARD_UNKNOWN",
      `${id} on ${isoOf(day)}: ${boards[kind].title} opened on ${opened}`,
      { remedy: "Leave out rows from before the board opened, or check the code." },
    );
  }
  return kind;
}
