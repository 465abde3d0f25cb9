/**
 * Decides, before anything is written, which instruments of an import can be taken: rows of one key must agree, there
 * must be a session among them, and the stored history must be adjusted the same way. Where there are quality rules,
 * what they find decides which rows stay.
 */
import { DataError } from "#data/errors";
import type { Inspection } from "#data/quality/inspect";
import type { SourceDescription } from "#data/source";
import type { StoreSnapshot } from "#data/store/panel-store";
import type { Day } from "#market/day";
import { isoOf } from "#market/day";
import { distinctRows } from "./distinct-rows.ts";
import type { Fate } from "./inspect-arrivals.ts";
import type { RowSpool, SpooledRows } from "./row-spool.ts";
import { MINUTES_PER_DAY, keptRows } from "./row-spool.ts";

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
  /** First and last session among the rows that stay. */
  readonly first: Day;
  readonly last: Day;
  /** 0 for rows that the quality rules keep out or merge; absent when all stay. */
  readonly keep?: Uint8Array;
}

export interface Check {
  readonly taken: readonly Candidate[];
  readonly refused: readonly {
    readonly instrument: string;
    readonly rows: number;
    readonly error: DataError;
  }[];
  /** Instruments none of whose rows can be taken: not on a session, or kept out by the quality rules. */
  readonly empty: readonly { readonly instrument: string; readonly rows: number; readonly first: Day }[];
}

export function checkInstruments(
  spool: RowSpool,
  context: {
    readonly base: StoreSnapshot | null;
    readonly calendar: SessionCalendar;
    readonly description: SourceDescription;
    /** The quality rules, if they apply. */
    readonly inspect?: (rows: SpooledRows) => Inspection;
    /** Told of every inspection, in the order of ids. */
    readonly onInspection?: (inspection: Inspection, fate: Fate) => void;
  },
): Check {
  const { base, calendar, description, inspect } = context;
  const stored = new Map(base?.instruments.map((each) => [each.id, each]));
  const isSession = (day: Day): boolean =>
    day >= calendar.first && day <= calendar.last && calendar.isSession(day);
  const taken: Candidate[] = [];
  const refused: { instrument: string; rows: number; error: DataError }[] = [];
  const empty: { instrument: string; rows: number; first: Day }[] = [];
  for (const spooled of spool.instruments()) {
    const { instrument, rows, firstDay, lastDay, ordered } = spooled;
    const arrived = inspect === undefined ? undefined : spool.rowsOf(instrument);
    const inspection = arrived === undefined ? undefined : inspect?.(arrived);
    const settle = (fate: Fate): void => {
      if (inspection !== undefined) context.onInspection?.(inspection, fate);
    };
    const held = stored.get(instrument)?.attributes["adjustment"];
    if (held !== undefined && held !== description.adjustment.kind) {
      refused.push({ instrument, rows, error: otherAdjustment(instrument, held, description) });
      settle("refused");
      continue;
    }
    if (ordered && isSession(firstDay) && isSession(lastDay) && inspection?.keep.includes(0) !== true) {
      taken.push({ instrument, rows, first: firstDay, last: lastDay });
      settle("taken");
      continue;
    }
    try {
      const { days, keep } = remaining(spool, arrived ?? spool.rowsOf(instrument), { inspection, isSession });
      if (days.length === 0) empty.push({ instrument, rows, first: firstDay });
      else {
        const span = { first: days[0]!, last: days.at(-1)! };
        taken.push({ instrument, rows, ...span, ...(keep === undefined ? {} : { keep }) });
      }
      settle(days.length === 0 ? "empty" : "taken");
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      refused.push({ instrument, rows, error });
      settle("refused");
    }
  }
  return { taken, refused, empty };
}

const dayOf = (moment: number): Day => Math.floor(moment / MINUTES_PER_DAY);

/** The sessions of the rows that can be taken, in order. Throws DATA_ROW_CONFLICT. */
function remaining(
  spool: RowSpool,
  arrived: SpooledRows,
  by: { readonly inspection: Inspection | undefined; readonly isSession: (day: Day) => boolean },
): { readonly days: readonly Day[]; readonly keep?: Uint8Array } {
  const { inspection, isSession } = by;
  const daysOf = (rows: SpooledRows): Day[] =>
    Array.from(
      distinctRows(rows, { columns: spool.columns, placeOf: (origin) => spool.placeOf(origin) }).moments,
      dayOf,
    ).filter(isSession);
  if (inspection === undefined) return { days: daysOf(arrived) };
  const { keep, findings } = inspection;
  if (findings.some(({ action }) => action === "refused")) {
    daysOf(
      keptRows(
        arrived,
        Uint8Array.from(arrived.moments, (moment) => Number(isSession(dayOf(moment)))),
      ),
    );
  }
  return { days: daysOf(keptRows(arrived, keep)), keep };
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
