/**
 * Charts as inline SVG: ECharts renders to a string, then everything a static page has no use for is taken out.
 * Colours are stand-ins that the page's style maps to its own (so that theme and language need no second chart).
 */
import { BarChart, CustomChart, LineChart, ScatterChart } from "echarts/charts";
import { GridComponent, MarkLineComponent } from "echarts/components";
import { init, use } from "echarts/core";
import type { EChartsCoreOption } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { both, escaped, html } from "./markup.ts";
import type { Bilingual, Html } from "./markup.ts";

use([BarChart, CustomChart, LineChart, ScatterChart, GridComponent, MarkLineComponent, SVGRenderer]);

/** Stand-in colours; `style.ts` says what each is in light and dark and in either language. */
export const ink = {
  text: "#a10001",
  axis: "#a10002",
  grid: "#a10003",
  accent: "#a10004",
  second: "#a10005",
  faint: "#a10006",
  rise: "#a10007",
  fall: "#a10008",
  whisker: "#a10009",
} as const;

/** The ramp for ordered buckets, lowest to highest. */
export const ramp = Array.from({ length: 9 }, (_, k) => `#a2000${k + 1}`);

/** The colour of bucket k (0-based) of n. */
export function rampColour(k: number, n: number): string {
  return ramp[n < 2 ? 0 : Math.round((k * (ramp.length - 1)) / (n - 1))]!;
}

export const CHART_WIDTH = 400;
export const CHART_HEIGHT = 210;

/** A chart of the option given, without animation or interaction. `label` is what a screen reader says. */
export function svgChart(option: EChartsCoreOption, label: Bilingual, height = CHART_HEIGHT): Html {
  const chart = init(null, null, { renderer: "svg", ssr: true, width: CHART_WIDTH, height });
  try {
    chart.setOption({ animation: false, ...option });
    return html(
      slim(chart.renderToSVGString()).replace(
        "<svg",
        `<svg role="img" aria-label="${escaped(`${label.zh} · ${label.en}`)}"`,
      ),
    );
  } finally {
    chart.dispose();
  }
}

/** A chart with its title, an optional legend and a note below. */
export function figure(
  title: Html,
  chart: Html,
  options: { readonly legend?: readonly (readonly [string, Html])[]; readonly note?: Bilingual } = {},
): Html {
  const keys = (options.legend ?? []).map(
    ([colour, text]) => `<span class="key k${colour.slice(1)}">${text}</span>`,
  );
  const legend = keys.length === 0 ? "" : `<div class="legend">${keys.join("")}</div>`;
  const note = options.note === undefined ? "" : `<p class="note">${both(options.note)}</p>`;
  return html(`<figure><figcaption>${title}</figcaption>${legend}${chart}${note}</figure>`);
}

let clips = 0;

/** Starts the numbering of clip paths anew, so that a report is the same bytes each time. */
export function restartNumbering(): void {
  clips = 0;
}

function slim(svg: string): string {
  const prefix = `c${++clips}`;
  return svg
    .replaceAll(/<style[\s\S]*?<\/style>/g, "")
    .replaceAll(/ (?:class|style|pointer-events|ecmeta_\w+|version|baseProfile|xmlns(?::\w+)?)="[^"]*"/g, "")
    .replaceAll(/zr\d+-/g, `${prefix}-`)
    .replace(/<svg width="\d+" height="\d+"/, "<svg")
    .replace(/<rect [^>]*fill="none"[^>]*><\/rect>/, "")
    .replaceAll(/<defs ?>\s*<\/defs>/g, "")
    .replaceAll(/<[^>]+>/g, (tag) =>
      tag.replaceAll(/-?\d+\.\d{2,}/g, (number) => String(Number(Number(number).toFixed(1)))),
    )
    .replaceAll(/><\/(path|rect|circle|line)>/g, "/>")
    .replaceAll(
      /<text([^>]*)>\(none\)<\/text>/g,
      '<text class="zh"$1>未分类</text><text class="en"$1>(none)</text>',
    )
    .replaceAll("\n", "");
}
