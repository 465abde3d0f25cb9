/** Heatmaps as tables: the number in the cell, the colour in a class, readable without either. */
import type { MonthlyMeans } from "../factor/monthly.ts";
import type { FactorEvaluation } from "../factor/evaluation.ts";
import { both, escaped, exact, fixed, html, MISSING } from "./markup.ts";
import type { Html } from "./markup.ts";

/** Years down, months across. Colours deepen at |IC| 0.01, 0.03, 0.06 and 0.1. */
export function monthlyHeat(monthly: MonthlyMeans): Html {
  const at = new Map(monthly.months.map((month, k) => [month, k]));
  const years = [...new Set(monthly.months.map((month) => month.slice(0, 4)))];
  const months = Array.from({ length: 12 }, (_, k) => String(k + 1).padStart(2, "0"));
  const head = months.map((month) => `<th scope="col">${month}</th>`).join("");
  const rows = years.map((year) => {
    const cells = months.map((month) => {
      const k = at.get(`${year}-${month}`);
      const value = k === undefined ? Number.NaN : monthly.means[k]!;
      if (!Number.isFinite(value)) return `<td>${k === undefined ? "" : MISSING}</td>`;
      const colour = `${value >= 0 ? "r" : "f"}${level(Math.abs(value), [0.01, 0.03, 0.06, 0.1])}`;
      return `<td class="${colour}" title="${year}-${month}: ${exact(value)} (${monthly.days[k!]!})">${fixed(value * 100, Math.abs(value) < 0.0995 ? 1 : 0)}</td>`;
    });
    return `<tr><th scope="row">${year}</th>${cells.join("")}</tr>`;
  });
  return html(
    `<table class="heat months"><thead><tr><th></th>${head}</tr></thead><tbody>${rows.join("")}</tbody></table>`,
  );
}

/** Blue for negative, orange for positive; the value times 100. */
export function correlationHeat(correlation: FactorEvaluation["correlation"]): Html {
  const { names, values, size } = correlation;
  const head = names.map((_, k) => `<th scope="col">${k + 1}</th>`).join("");
  const rows = names.map((name, i) => {
    const cells = names.map((other, j) => {
      const value = values[i * size + j]!;
      if (!Number.isFinite(value)) return `<td>${MISSING}</td>`;
      if (i === j) return "<td></td>";
      const colour = `${value >= 0 ? "p" : "n"}${level(Math.abs(value), [0.1, 0.3, 0.6, 0.8])}`;
      return `<td class="${colour}" title="${escaped(`${name} × ${other}`)}: ${exact(value)}">${fixed(value * 100, 0)}</td>`;
    });
    return `<tr><th scope="row">${i + 1}. ${escaped(name)}</th>${cells.join("")}</tr>`;
  });
  return html(
    `<div class="scroll"><table class="heat square"><thead><tr><th>${both({ zh: "×100", en: "×100" })}</th>${head}</tr></thead><tbody>${rows.join("")}</tbody></table></div>`,
  );
}

/** 0 below the first bound … 4 from the last. */
function level(size: number, bounds: readonly number[]): number {
  return bounds.filter((bound) => size >= bound).length;
}
