/** HTML text: escaping, the two languages side by side, and numbers as a reader of markets writes them. */

/** One text in both languages of the report. */
export interface Bilingual {
  readonly zh: string;
  readonly en: string;
}

/** Already escaped HTML. */
export type Html = string & { readonly __html: true };

export function escaped(text: string): Html {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;") as Html;
}

/** Marks a text as HTML that was built from escaped parts. */
export function html(text: string): Html {
  return text as Html;
}

/** Both languages; the style shows one. */
export function both(text: Bilingual): Html {
  if (text.zh === text.en) return escaped(text.zh);
  return html(
    `<span class="zh" lang="zh-CN">${escaped(text.zh)}</span><span class="en" lang="en">${escaped(text.en)}</span>`,
  );
}

/** Shown for a missing number. */
export const MISSING = "–";

/** `digits` decimals, a true minus sign, no negative zero; missing as an en dash. */
export function fixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return MISSING;
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** A ratio as a percentage. */
export function percent(value: number, digits = 2): string {
  return Number.isFinite(value) ? `${fixed(value * 100, digits)}%` : MISSING;
}

/** A whole number with thousands separators. */
export function whole(value: number): string {
  return Number.isFinite(value) ? fixed(value, 0).replaceAll(/\B(?=(\d{3})+$)/g, ",") : MISSING;
}

/** Full precision for a hover. */
export function exact(value: number): string {
  return Number.isFinite(value) ? String(value).replace("-", "−") : MISSING;
}

/** `rise` or `fall` by sign, for the colour that follows the language. */
export function signClass(value: number): string {
  if (value > 0) return "rise";
  return value < 0 ? "fall" : "";
}
