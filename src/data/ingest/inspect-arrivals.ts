/** The quality rules over the rows of an import as they came: before alignment, duplicates and all. */
import type { InstrumentRows, Sessions } from "#data/quality/finding";
import type { Inspection } from "#data/quality/inspect";
import { firstSession, listingDay } from "#data/quality/listing-day";
import type { Adjustment } from "#data/source";
import type { StoreSnapshot } from "#data/store/panel-store";
import type { Day } from "#market/day";
import type { RowSpool, SpooledRows } from "./row-spool.ts";
import { MINUTES_PER_DAY } from "./row-spool.ts";

/** Applies the rules to the rows of one instrument; `listedOn` is the day of listing as far as the rows tell. */
export type QualityRules = (rows: InstrumentRows, facts: { readonly listedOn?: Day }) => Inspection;

/** What became of an instrument that was inspected. */
export type Fate = "taken" | "empty" | "refused";

interface InspectionSetting {
  /** Undefined when there are none, or bars are not daily. */
  readonly rules: QualityRules | undefined;
  readonly base: StoreSnapshot | null;
  readonly calendar: Pick<Sessions, "first" | "last" | "isSession">;
  readonly adjustment: Adjustment["kind"];
  /** Told of every inspection once. */
  readonly tell: (inspection: Inspection, fate: Fate) => void;
}

/**
 * The instruments of an import and what the rules say of them. It is told once an instrument's fate is known: of a
 * front-adjusted one only after the merge, which may ask for its whole history instead.
 */
export class InspectedInstruments {
  readonly rules: QualityRules | undefined;
  readonly #setting: InspectionSetting;
  readonly #held = new Map<string, Inspection>();

  constructor(setting: InspectionSetting) {
    this.#setting = setting;
    this.rules = setting.rules;
  }

  /** What the check of the spooled instruments calls. */
  hooksFor(spool: RowSpool): {
    readonly inspect?: (rows: SpooledRows) => Inspection;
    readonly onInspection?: (inspection: Inspection, fate: Fate) => void;
  } {
    const { rules, base, adjustment, tell } = this.#setting;
    if (rules === undefined) return {};
    const isStored = new Set(base?.instruments.map(({ id }) => id));
    return {
      inspect: inspectorOf(spool, rules, this.#setting),
      onInspection: (inspection, fate) => {
        const mayBeRewritten = adjustment === "qfq" && isStored.has(inspection.instrument);
        if (fate === "taken" && mayBeRewritten) this.#held.set(inspection.instrument, inspection);
        else tell(inspection, fate);
      },
    };
  }

  /** Says what became of an instrument whose inspection was held back. */
  settle(instrument: string, fate: Fate): void {
    const inspection = this.#held.get(instrument);
    if (inspection !== undefined) this.#setting.tell(inspection, fate);
  }
}

function inspectorOf(
  spool: RowSpool,
  rules: QualityRules,
  { base, calendar }: Pick<InspectionSetting, "base" | "calendar">,
): (arrived: SpooledRows) => Inspection {
  const firstDays = spool.instruments().map(({ firstDay }) => firstDay);
  const earliest = base?.time.days[0];
  const start = firstSession(earliest === undefined ? firstDays : [earliest, ...firstDays], calendar);
  const storedFirst = new Map(
    base?.instruments
      .filter(({ first, last }) => first <= last)
      .map(({ id, first }) => [id, base.time.days[first]!]),
  );
  return ({ instrument, moments, columns }) => {
    const days = Int32Array.from(moments, (moment) => Math.floor(moment / MINUTES_PER_DAY));
    const stored = storedFirst.get(instrument);
    const first = firstSession(stored === undefined ? days : [stored, ...days], calendar);
    const listedOn = listingDay(first, start);
    const named = new Map(spool.columns.map((name, slot) => [name, columns[slot]!]));
    return rules({ instrument, days, columns: named }, listedOn === undefined ? {} : { listedOn });
  };
}
