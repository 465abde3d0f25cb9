import type { FactorSet } from "../factor-set.ts";

/**
 * The date of a session as numbers, for models that learn from the season. All are known on the day itself. Starts of
 * periods are told from the instrument's own rows, so they are exact sessions (NaN on its first row); ends are told from
 * the calendar on the wall, because the next session is not on the row: holidays are not foreseen.
 * Meant for daily bars: of intraday ones, a start is told on the first bar of its session only.
 */
export const time: FactorSet = {
  name: "time",
  title: {
    zh: "时间特征:星期、月份、季度、月初月末",
    en: "the date as numbers: weekday, month, turn of the month",
  },
  source: "Gregorian calendar; ISO 8601 weeks; weekdays as pandas counts them",
  flatNames: true,
  factors: [
    {
      name: "WEEKDAY",
      expression: "$calendar_weekday",
      title: { zh: "星期几(周一为 0)", en: "day of the week, Monday 0" },
      category: "calendar",
      unit: "number",
    },
    {
      name: "MONTH_DAY",
      expression: "$calendar_month_day",
      title: { zh: "月内第几天", en: "day of the month" },
      category: "calendar",
      unit: "number",
    },
    {
      name: "YEAR_DAY",
      expression: "$calendar_year_day",
      title: { zh: "年内第几天", en: "day of the year" },
      category: "calendar",
      unit: "number",
    },
    {
      name: "WEEK",
      expression: "$calendar_week",
      title: { zh: "ISO 周数", en: "ISO week of the year" },
      category: "calendar",
      unit: "number",
    },
    {
      name: "MONTH",
      expression: "$calendar_month",
      title: { zh: "月份", en: "month" },
      category: "calendar",
      unit: "number",
    },
    {
      name: "QUARTER",
      expression: "$calendar_quarter",
      title: { zh: "季度", en: "quarter" },
      category: "calendar",
      unit: "number",
    },
    {
      name: "MONTH_PROGRESS",
      expression: "$calendar_month_day/$calendar_month_length",
      title: { zh: "当月已过比例", en: "share of the month that has passed" },
      category: "calendar",
      unit: "ratio",
    },
    {
      name: "DAYS_SINCE_SESSION",
      expression: "Delta($calendar_day, 1)",
      title: { zh: "距上一交易日的自然日数", en: "calendar days since the previous session" },
      description: {
        zh: "平常为 1,周末后为 3,长假后更大;首个交易日为 NaN。",
        en: "1 on most days, 3 after a weekend, more after holidays; NaN on an instrument's first row.",
      },
      category: "calendar",
      unit: "days",
    },
    {
      name: "WEEK_START",
      expression: "Sign(Abs(Delta($calendar_week, 1)))",
      title: { zh: "本周首个交易日", en: "first session of the week" },
      category: "calendar",
      unit: "flag",
    },
    {
      name: "MONTH_START",
      expression: "Sign(Abs(Delta($calendar_month, 1)))",
      title: { zh: "本月首个交易日", en: "first session of the month" },
      category: "calendar",
      unit: "flag",
    },
    {
      name: "QUARTER_START",
      expression: "Sign(Abs(Delta($calendar_quarter, 1)))",
      title: { zh: "本季首个交易日", en: "first session of the quarter" },
      category: "calendar",
      unit: "flag",
    },
    {
      name: "YEAR_START",
      expression: "Sign(Abs(Delta($calendar_year, 1)))",
      title: { zh: "本年首个交易日", en: "first session of the year" },
      category: "calendar",
      unit: "flag",
    },
    {
      name: "MONTH_END",
      expression: "1*($calendar_weekdays_left==0)",
      title: { zh: "本月最后一个工作日", en: "last weekday of the month" },
      description: {
        zh: "此日之后本月不再有周一至周五;不考虑节假日,因此交易所的最后交易日可能更早,此时整月为 0。",
        en: "No Monday to Friday follows in the month. Holidays are not considered: when the exchange's last session comes earlier, no row of the month has a 1.",
      },
      category: "calendar",
      unit: "flag",
    },
    {
      name: "WEEKDAYS_LEFT",
      expression: "$calendar_weekdays_left",
      title: { zh: "本月剩余工作日数", en: "weekdays left in the month" },
      description: {
        zh: "此日之后本月的周一至周五天数,含节假日。",
        en: "Mondays to Fridays after this day in its month, holidays among them.",
      },
      category: "calendar",
      unit: "days",
    },
  ],
};
