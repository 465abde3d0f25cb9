/** The table of all factors: one row each, sortable and searchable, every heading explained. */
import type { FactorEvaluation } from "../factor/evaluation.ts";
import { explained } from "./glossary.ts";
import type { TermKey } from "./glossary.ts";
import { both, escaped, exact, fixed, html, percent, signClass } from "./markup.ts";
import type { Html } from "./markup.ts";

type Row = FactorEvaluation["factors"][number];

interface NumberColumn {
  readonly term: TermKey;
  readonly value: (row: Row) => number;
  readonly show: (value: number) => string;
  /** Coloured by sign. */
  readonly signed?: boolean;
}

const columns: readonly NumberColumn[] = [
  { term: "ic", value: (row) => row.ic.mean, show: (value) => fixed(value, 4), signed: true },
  { term: "rankIc", value: (row) => row.rankIc.mean, show: (value) => fixed(value, 4), signed: true },
  { term: "icir", value: (row) => row.rankIc.ratio, show: (value) => fixed(value, 3), signed: true },
  { term: "t", value: (row) => row.rankIc.tNeweyWest, show: (value) => fixed(value, 2), signed: true },
  { term: "hitRate", value: (row) => row.rankIc.hitRate, show: (value) => percent(value, 1) },
  { term: "spread", value: (row) => row.annualSpread, show: (value) => percent(value, 1), signed: true },
  { term: "spreadT", value: (row) => row.spread.tNeweyWest, show: (value) => fixed(value, 2), signed: true },
  {
    term: "topExcess",
    value: (row) => row.annualTopExcess,
    show: (value) => percent(value, 1),
    signed: true,
  },
  {
    term: "bottomExcess",
    value: (row) => row.annualBottomExcess,
    show: (value) => percent(value, 1),
    signed: true,
  },
  { term: "monotonicity", value: (row) => row.monotonicity, show: (value) => fixed(value, 2) },
  { term: "turnover", value: (row) => row.turnover, show: (value) => percent(value, 1) },
  { term: "autocorrelation", value: (row) => row.autocorrelation, show: (value) => fixed(value, 3) },
  { term: "coverage", value: (row) => row.coverage, show: (value) => percent(value, 1) },
];

export function factorTable(evaluation: FactorEvaluation): Html {
  const detailed = new Set(evaluation.details.map((detail) => detail.name));
  const order = evaluation.factors
    .map((_, index) => index)
    .sort((a, b) => strength(evaluation.factors[b]!) - strength(evaluation.factors[a]!) || a - b);
  const head = [
    `<th data-sort="text" scope="col">${both({ zh: "因子", en: "Factor" })}</th>`,
    ...columns.map(
      ({ term }) =>
        `<th data-sort="number" scope="col"${term === "t" ? ' aria-sort="descending"' : ""}>${explained(term)}</th>`,
    ),
    `<th data-sort="text" scope="col" class="text">${explained("closest")}</th>`,
  ];
  const body = order.map((index) => {
    const row = evaluation.factors[index]!;
    const name = detailed.has(row.name)
      ? `<a href="#${anchor(row.name)}">${escaped(row.name)}</a>`
      : escaped(row.name);
    const cells = columns.map((column) => {
      const value = column.value(row);
      const colour = column.signed === true ? signClass(value) : "";
      const sort = column.term === "t" ? Math.abs(value) : value;
      return `<td${colour === "" ? "" : ` class="${colour}"`} data-value="${Number.isFinite(sort) ? Number(sort.toPrecision(6)) : ""}" title="${exact(value)}">${column.show(value)}</td>`;
    });
    const closest = evaluation.closest[index]!;
    return `<tr><td>${name}</td>${cells.join("")}<td class="text">${escaped(closest.name)} ${fixed(closest.correlation, 2)}</td></tr>`;
  });
  return html(
    `<div class="scroll tall"><table class="table" id="factor-table" data-sortable><thead><tr>${head.join("")}</tr></thead><tbody>${body.join("")}</tbody></table></div>`,
  );
}

/** The id of a factor's detail section. */
export function anchor(name: string): string {
  return `factor-${name.replaceAll(/[^A-Za-z0-9_-]/g, (sign) => `.${sign.codePointAt(0)!.toString(16)}`)}`;
}

function strength(row: Row): number {
  const t = Math.abs(row.rankIc.tNeweyWest);
  return Number.isNaN(t) ? -1 : t;
}
