/**
 * Tables that are no bars: what was true of an instrument, an exchange or an economy from some day on. Known ones
 * are told by their columns; any other table with a date or an instrument is taken as it stands.
 */
import { type ReferenceMapping, referenceMappingSchema } from "../../mapping/mapping.ts";
import { sampledDateFormat } from "../evidence/dates.ts";
import { instrumentsOfColumn } from "../evidence/instruments.ts";
import type { ColumnNames } from "../column-names.ts";
import type { Recogniser, Sample } from "../recognition.ts";

interface KnownTable {
  readonly table: string;
  /** Plain column names that tell the table. */
  readonly columns: readonly string[];
  readonly title: string;
  /** Units by plain column name, in the vendor's documentation. */
  readonly units?: Readonly<Record<string, string>>;
}

const shareCounts = {
  total_share: "ten-thousand-shares",
  float_share: "ten-thousand-shares",
  free_share: "ten-thousand-shares",
};
const marketValues = { total_mv: "ten-thousand-yuan", circ_mv: "ten-thousand-yuan" };
const flows = Object.fromEntries(
  ["buy_sm", "sell_sm", "buy_md", "sell_md", "buy_lg", "sell_lg", "buy_elg", "sell_elg", "net_mf"].flatMap(
    (name) => [
      [`${name}_vol`, "hand"],
      [`${name}_amount`, "ten-thousand-yuan"],
    ],
  ),
);

/** First match wins. */
const known: readonly KnownTable[] = [
  {
    table: "moneyflow",
    columns: ["buy_sm_vol", "sell_elg_vol"],
    title: "money flow by order size",
    units: flows,
  },
  {
    table: "chip_distribution",
    columns: ["cost_50pct", "winner_rate"],
    title: "cost distribution of holders (chips)",
  },
  {
    table: "financials",
    columns: ["ann_date", "end_date", "eps"],
    title: "financial indicators by reported period",
  },
  {
    table: "shareholders",
    columns: ["ann_date", "end_date", "holder_num"],
    title: "number of shareholders by reported period",
  },
  { table: "margin_market", columns: ["exchange_id", "rzye"], title: "margin trading by exchange" },
  { table: "margin", columns: ["rzye", "rqye"], title: "margin trading by instrument" },
  {
    table: "index_valuation",
    columns: ["total_mv", "float_mv", "turnover_rate", "pe"],
    title: "valuation of an index or market",
  },
  {
    table: "daily_basic",
    columns: ["pe", "pb", "turnover_rate"],
    title: "valuation and turnover by day",
    units: { ...shareCounts, ...marketValues },
  },
  { table: "adjustment_factors", columns: ["adj_factor"], title: "running adjustment factors" },
  { table: "hsgt_flow", columns: ["north_money", "south_money"], title: "flow through Stock Connect" },
  {
    table: "market_flow",
    columns: ["net_amount", "buy_elg_amount"],
    title: "money flow of the whole market",
  },
  { table: "concepts", columns: ["concept_name"], title: "links of instruments to concepts" },
  { table: "instruments", columns: ["name", "list_date"], title: "names and listing dates" },
  { table: "industry", columns: ["industry"], title: "industry of each instrument" },
  { table: "column_descriptions", columns: ["字段名", "中文含义"], title: "descriptions of columns" },
];

const dates = {
  knownAt: ["ann_date", "announce_date", "f_ann_date", "known_at", "公告日期"],
  validFrom: ["list_date", "in_date", "valid_from", "start_date"],
  validTo: ["out_date", "valid_to", "delist_date"],
} as const;
const periods = ["end_date", "period", "month", "quarter", "report_date"] as const;

export const referenceTable: Recogniser = {
  name: "reference-table",
  async recognise(sample) {
    const { names, relation, reading, file } = sample;
    if (relation === null || !reading.header) return null;
    const match = known.find(({ columns }) => names.has(...columns));
    const table = match?.table ?? tableName(file.name);
    const reasons = [
      ...(names.prefix === "" ? [] : [`all columns begin with ${names.prefix}, which is set aside`]),
      match === undefined
        ? `${names.role("open") === undefined ? "no prices of a bar" : "prices, but of no instrument that is named by a known code"}, and no known table: it is taken as a reference table as it stands`
        : `${match.columns.map((name) => names.column(name)).join(", ")} tell the table ${match.table}: ${match.title}`,
    ];
    const doubts: string[] = [];
    const code = names.role("instrument");
    const instruments = code === undefined ? null : await instrumentsOfColumn(sample, code);
    if (instruments !== null) {
      reasons.push(...instruments.reasons);
      doubts.push(...instruments.doubts);
    }
    const timing = timingOf(sample);
    reasons.push(...timing.reasons);
    doubts.push(...timing.doubts);
    if (
      match === undefined &&
      instruments === null &&
      timing.rule.validFrom === undefined &&
      timing.rule.period === undefined
    ) {
      return null;
    }
    const units = Object.fromEntries(
      Object.entries(match?.units ?? {}).flatMap(([plain, unit]) => {
        const column = names.column(plain);
        return column === undefined ? [] : [[column, unit]];
      }),
    );
    if (Object.keys(units).length > 0) {
      doubts.push("units of this table are the vendor's documented ones; the numbers alone do not show them");
    }
    return {
      shape: match === undefined ? "reference-table" : match.table.replaceAll("_", "-"),
      mapping: referenceMappingSchema.parse({
        kind: "reference",
        shape: match === undefined ? "reference-table" : match.table.replaceAll("_", "-"),
        table,
        reading,
        ...(instruments === null ? {} : { instrument: instruments.rule }),
        ...timing.rule,
        units,
        prefix: names.prefix,
      }),
      reasons,
      doubts,
    };
  },
};

interface Timing {
  readonly rule: Partial<Pick<ReferenceMapping, "validFrom" | "validTo" | "knownAt" | "period" | "knownOn">>;
  readonly reasons: readonly string[];
  readonly doubts: readonly string[];
}

/** From when rows are true and when they became known. */
function timingOf(sample: Sample): Timing {
  const { names, file } = sample;
  const dated = (plain: readonly string[]) => dateRule(sample, plain, names);
  const knownAt = dated(dates.knownAt);
  const validTo = dated(dates.validTo);
  const listed = dated(dates.validFrom);
  const period = periods.map((name) => names.column(name)).find((name) => name !== undefined);
  const byDay = names.role("date");
  const dayFormat = byDay === undefined ? null : sampledDateFormat(sample, byDay);
  const daily = byDay !== undefined && dayFormat !== null ? { column: byDay, format: dayFormat } : undefined;
  if (knownAt !== undefined) {
    return {
      rule: {
        knownAt,
        ...(validTo === undefined ? {} : { validTo }),
        ...(period === undefined ? {} : { period }),
      },
      reasons: [
        `rows are known from ${knownAt.column} on${period === undefined ? "" : ` and are about the period ${period}`}`,
      ],
      doubts: [],
    };
  }
  if (daily !== undefined) {
    return {
      rule: { validFrom: daily, knownAt: daily },
      reasons: [`rows are about the day ${daily.column} and known at its end`],
      doubts: [],
    };
  }
  if (period !== undefined) {
    return {
      rule: { period },
      reasons: [`rows are about the period ${period}`],
      doubts: [
        "the table does not say when a period's figures were published; they must not be used before that",
      ],
    };
  }
  const year = /(?<!\d)(19|20)\d{2}(?!\d)/.exec(file.name)?.[0];
  const rule = {
    ...(listed === undefined ? {} : { validFrom: listed }),
    ...(validTo === undefined ? {} : { validTo }),
    ...(year === undefined ? {} : { knownOn: `${year}-12-31` }),
  };
  const doubts =
    year === undefined
      ? ["the table has no date and its name no year: state knownOn before it is read as of a day"]
      : [
          `the table has no date of its own; its name says ${year}, so it is taken as known from ${year}-12-31 on`,
        ];
  return {
    rule,
    reasons: listed === undefined ? [] : [`${listed.column} is the day from which a row is true`],
    doubts,
  };
}

function dateRule(sample: Sample, plain: readonly string[], names: ColumnNames) {
  const column = plain.map((name) => names.column(name)).find((name) => name !== undefined);
  const format = column === undefined ? null : sampledDateFormat(sample, column);
  return column === undefined || format === null ? undefined : { column, format };
}

/** A table name from a file name: `gdp.csv` → `gdp`; codes in front are left out. */
function tableName(fileName: string): string {
  const base = fileName
    .replace(/\.(csv|tsv|txt|json|jsonl|ndjson|parquet|pq|xlsx|zip|gz)(\.gz)?$/i, "")
    .replace(/^\d{6}[._](SH|SZ|BJ)[._-]?/i, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replace(/^[^a-z]+|_+$/g, "");
  return base === "" ? "table" : base.slice(0, 60);
}
