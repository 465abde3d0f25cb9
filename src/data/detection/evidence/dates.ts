/** In which form a column writes its dates, from the values themselves. */
import type { DateFormat } from "../../mapping/mapping.ts";
import type { Sample } from "../recognition.ts";

const patterns: readonly (readonly [RegExp, DateFormat])[] = [
  [/^\d{4}-\d{2}-\d{2}$/, "YYYY-MM-DD"],
  [/^(19|20)\d{6}(\.0)?$/, "YYYYMMDD"],
  [/^\d{4}\/\d{1,2}\/\d{1,2}$/, "YYYY/MM/DD"],
  [/^\d{4}\.\d{2}\.\d{2}$/, "YYYY.MM.DD"],
  [/^\d{4}年\d{1,2}月\d{1,2}日$/, "YYYY年MM月DD日"],
  [/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/, "YYYY-MM-DD HH:mm:ss"],
  [/^\d{8} \d{2}:\d{2}$/, "YYYYMMDD HH:mm"],
  [/^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}/, "auto"],
  [/^\d{4}\/\d{1,2}\/\d{1,2} \d/, "auto"],
  [/^1\d{18}$/, "epoch-ns"],
  [/^1\d{15}$/, "epoch-us"],
  [/^1\d{12}$/, "epoch-ms"],
  [/^1\d{9}$/, "epoch-s"],
  [/^\d{1,2}\/\d{1,2}\/\d{4}$/, "MM/DD/YYYY"],
];

/** The one form that the values of a column have, or null when they are no dates. Mostly is enough: 19 of 20. */
export function dateFormatOf(values: readonly (string | null)[]): DateFormat | null {
  const present = values.filter((value): value is string => value !== null && value.trim() !== "");
  if (present.length === 0) return null;
  for (const [pattern, format] of patterns) {
    const fitting = present.filter((value) => pattern.test(value.trim())).length;
    if (fitting < present.length * 0.95) continue;
    if (format !== "MM/DD/YYYY") return format;
    return present.some((value) => Number(value.split("/")[0]) > 12) ? "DD/MM/YYYY" : "MM/DD/YYYY";
  }
  return null;
}

/** Form of a column of the sample; typed dates need none. */
export function sampledDateFormat(sample: Sample, column: string): DateFormat | null {
  const type = sample.relation?.columns.find(({ name }) => name === column)?.type ?? "VARCHAR";
  if (type === "DATE" || type.startsWith("TIMESTAMP")) return "auto";
  return dateFormatOf(sample.head.map((row) => row[column] ?? null));
}
