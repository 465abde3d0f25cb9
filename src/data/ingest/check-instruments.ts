/**
 * Decides, before anything is written, which instruments of an import can be taken: rows of one key must agree, there
 * must be a session among them, and the stored history must be adjusted the same way.
 */
import { DataError } from "#data/errors";
import type { SourceDescription } from "#data/source";
import type { StoreSnapshot } from "#data/store/panel-store";
import type { Day } from "#market/day";
import { isoOf } from "#market/day";
import { distinctRows } from "./distinct-rows.ts";
import type { RowSpool } from "./row-spool.ts";
import { MINUTES_PER_DAY } from "./row-spool.ts";

/** The exchange's sessions; a `Calendar` of the market folder is one. */
export interface SessionCalendar {
  readonly first: Day;
  readonly last: Day;
  /** Asked only for days from `first` to `last`. */
  isSession(day: Day): boolean;
}

export interface Candidate {
  readonly instrument: string;
  readonly rows: number;
  /** First and last session among the rows. */
  readonly first: Day;
  readonly last: Day;
}

export interface Check {
  readonly taken: readonly Candidate[];
  readonly refused: readonly {
    readonly instrument: string;
    readonly rows: number;
    readonly error: DataError;
  }[];
  /** Instruments none of whose rows is on a session. */
  readonly empty: readonly { readonly instrument: string; readonly rows: number; readonly first: Day }[];
}

export function checkInstruments(
  spool: RowSpool,
  context: {
    readonly base: StoreSnapshot | null;
    readonly calendar: SessionCalendar;
    readonly description: SourceDescription;
  },
): Check {
  const { base, calendar, description } = context;
  const stored = new Map(base?.instruments.map((each) => [each.id, each]));
  const isSession = (day: Day): boolean =>
    day >= calendar.first && day <= calendar.last && calendar.isSession(day);
  const taken: Candidate[] = [];
  const refused: { instrument: string; rows: number; error: DataError }[] = [];
  const empty: { instrument: string; rows: number; first: Day }[] = [];
  for (const { instrument, rows, firstDay, lastDay, ordered } of spool.instruments()) {
    const held = stored.get(instrument)?.attributes["adjustment"];
    if (held !== undefined && held !== description.adjustment.kind) {
      refused.push({ instrument, rows, error: otherAdjustment(instrument, held, description) });
      continue;
    }
    if (ordered && isSession(firstDay) && isSession(lastDay)) {
      taken.push({ instrument, rows, first: firstDay, last: lastDay });
      continue;
    }
    try {
      const { moments } = distinctRows(spool.rowsOf(instrument), {
        columns: spool.columns,
        placeOf: (origin) => spool.placeOf(origin),
      });
      const days = Array.from(moments, (moment) => Math.floor(moment / MINUTES_PER_DAY)).filter(isSession);
      if (days.length === 0) empty.push({ instrument, rows, first: firstDay });
      else taken.push({ instrument, rows, first: days[0]!, last: days.at(-1)! });
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      refused.push({ instrument, rows, error });
    }
  }
  return { taken, refused, empty };
}

function otherAdjustment(instrument: string, held: string, description: SourceDescription): DataError {
  const { kind, baseDay } = description.adjustment;
  const arriving = baseDay === undefined ? kind : `${kind} on ${isoOf(baseDay)}`;
  return new DataError(
    "DATA_UNITS_MIXED",
    `${instrument} is stored with ${held} prices and ${description.locator} brings ${arriving} ones`,
    {
      remedy: "import it into another workspace, or remove the stored history first",
      place: { instrument },
    },
  );
}
