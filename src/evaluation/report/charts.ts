/** The few kinds of chart a factor report needs, in one look: thin axes, no decoration, zero line where zero matters. */
import { isoOf } from "#market/day";
import type { Histogram } from "../factor/histogram.ts";
import type { Bilingual, Html } from "./markup.ts";
import { fixed } from "./markup.ts";
import { ink, svgChart } from "./svg-chart.ts";

const box = { left: 46, right: 12, top: 10, bottom: 24 };
/** An axis that starts where the data does; bars stand on zero instead. */
const fromZero = { scale: false };
const label = { color: ink.text, fontSize: 11 };

export type AxisFormat = (value: number) => string;

export interface Line {
  readonly values: ArrayLike<number>;
  readonly colour: string;
  readonly width?: number;
  readonly dashed?: boolean;
}

/** Lines over days. `reference` draws a level line. */
export function timeLines(
  days: Int32Array,
  lines: readonly Line[],
  options: {
    readonly label: Bilingual;
    readonly format: AxisFormat;
    readonly reference?: number;
    readonly range?: readonly [number, number | null];
  },
): Html {
  const ticks = dayTicks(days);
  return svgChart(
    {
      grid: box,
      xAxis: {
        type: "category",
        boundaryGap: false,
        data: Array.from(days, (day) => isoOf(day).slice(0, 7)),
        axisLine: { onZero: false, lineStyle: { color: ink.axis } },
        axisTick: { show: true, interval: (row: number) => ticks.has(row), lineStyle: { color: ink.axis } },
        axisLabel: { ...label, interval: (row: number) => ticks.has(row), hideOverlap: true },
      },
      yAxis: valueAxis(options.format, options.range),
      series: lines.map((line, k) => ({
        type: "line",
        data: Array.from(line.values, (value) => (Number.isFinite(value) ? value : null)),
        showSymbol: false,
        silent: true,
        sampling: "lttb",
        lineStyle: {
          color: line.colour,
          width: line.width ?? 1.5,
          type: line.dashed === true ? "dashed" : "solid",
        },
        ...(k === 0 && options.reference !== undefined ? levelLine(options.reference) : {}),
      })),
    },
    options.label,
  );
}

export interface Bar {
  readonly name: string;
  readonly value: number;
  /** Half-length of the whisker. */
  readonly error?: number;
  /** Default by sign. */
  readonly colour?: string;
}

/** Upright bars with whiskers. */
export function bars(
  items: readonly Bar[],
  options: { readonly label: Bilingual; readonly format: AxisFormat },
): Html {
  const values = items.map((item) => ({
    value: Number.isFinite(item.value) ? item.value : null,
    itemStyle: { color: item.colour ?? (item.value >= 0 ? ink.rise : ink.fall), opacity: 0.8 },
  }));
  const whiskers = items.flatMap((item, k) =>
    item.error !== undefined && Number.isFinite(item.error) && Number.isFinite(item.value)
      ? [[k, item.value - item.error, item.value + item.error]]
      : [],
  );
  return svgChart(
    {
      grid: box,
      xAxis: {
        type: "category",
        data: items.map((item) => item.name),
        axisLine: { onZero: false, lineStyle: { color: ink.axis } },
        axisTick: { show: false },
        axisLabel: { ...label, interval: items.length > 14 ? "auto" : 0 },
      },
      yAxis: { ...valueAxis(options.format), ...fromZero },
      series: [
        { type: "bar", data: values, silent: true, barMaxWidth: 36, barCategoryGap: "28%", ...levelLine(0) },
        whiskerSeries(whiskers),
      ],
    },
    options.label,
  );
}

/** Lying bars, first on top, with the value at the end of each. */
export function lyingBars(
  items: readonly Bar[],
  options: { readonly label: Bilingual; readonly format: AxisFormat },
): Html {
  const height = Math.max(120, 34 + items.length * 19);
  return svgChart(
    {
      grid: { ...box, left: 104, right: 20 },
      xAxis: { ...valueAxis(options.format), ...fromZero },
      yAxis: {
        type: "category",
        inverse: true,
        data: items.map((item) => item.name),
        axisLine: { show: false },
        axisTick: { show: false },
        axisLabel: { ...label, width: 96, overflow: "truncate" },
      },
      series: [
        {
          type: "bar",
          silent: true,
          barMaxWidth: 12,
          data: items.map((item) => ({
            value: item.value,
            itemStyle: { color: item.colour ?? (item.value >= 0 ? ink.rise : ink.fall), opacity: 0.8 },
          })),
          markLine: markLine([{ xAxis: 0 }]),
        },
      ],
    },
    options.label,
    height,
  );
}

/** Bars over numeric bins with a line of expected counts; bins centred on multiples of `step` are labelled. */
export function histogramChart(
  bins: Histogram,
  options: { readonly label: Bilingual; readonly format: AxisFormat; readonly step: number },
): Html {
  const centres = Array.from(bins.counts, (_, k) => (bins.edges[k]! + bins.edges[k + 1]!) / 2);
  const onStep = (centre: number) =>
    Math.abs(centre / options.step - Math.round(centre / options.step)) < 1e-6;
  return svgChart(
    {
      grid: box,
      xAxis: {
        type: "category",
        data: centres.map(options.format),
        axisLine: { lineStyle: { color: ink.axis } },
        axisTick: { show: false },
        axisLabel: { ...label, interval: (k: number) => onStep(centres[k]!) },
      },
      yAxis: valueAxis((value) => fixed(value, 0), [0, null]),
      series: [
        {
          type: "bar",
          data: Array.from(bins.counts),
          silent: true,
          barCategoryGap: "12%",
          itemStyle: { color: ink.accent },
        },
        {
          type: "line",
          data: Array.from(bins.expected),
          silent: true,
          showSymbol: false,
          smooth: true,
          lineStyle: { color: ink.second, width: 1.5 },
        },
      ],
    },
    options.label,
  );
}

/** Points with names at the marked ones. */
export function scatter(
  points: readonly { readonly x: number; readonly y: number; readonly name?: string }[],
  options: {
    readonly label: Bilingual;
    readonly formatX: AxisFormat;
    readonly formatY: AxisFormat;
    readonly referenceX?: number;
    readonly referenceY?: number;
  },
): Html {
  const present = points.filter((point) => Number.isFinite(point.x) && Number.isFinite(point.y));
  return svgChart(
    {
      grid: box,
      xAxis: { ...valueAxis(options.formatX), scale: true },
      yAxis: valueAxis(options.formatY),
      series: [
        {
          type: "scatter",
          silent: true,
          symbolSize: 6,
          data: present.map((point) => ({
            value: [point.x, point.y],
            itemStyle: { color: point.name === undefined ? ink.faint : ink.accent },
            label: {
              show: point.name !== undefined,
              formatter: point.name ?? "",
              position: "right",
              color: ink.text,
              fontSize: 11,
            },
          })),
          labelLayout: { hideOverlap: true },
          ...(options.referenceX === undefined
            ? {}
            : { markLine: markLine([{ xAxis: options.referenceX }]) }),
        },
      ],
    },
    options.label,
  );
}

function valueAxis(format: AxisFormat, range?: readonly [number, number | null]) {
  return {
    type: "value",
    ...axisRange(range),
    splitNumber: 4,
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { ...label, formatter: format },
    splitLine: { lineStyle: { color: ink.grid, width: 1 } },
  };
}

function axisRange(range?: readonly [number, number | null]) {
  if (range === undefined) return { scale: true };
  const [min, max] = range;
  return max === null ? { min } : { min, max, interval: (max - min) / 4 };
}

function levelLine(value: number) {
  return { markLine: markLine([{ yAxis: value }]) };
}

function markLine(data: readonly object[]) {
  return {
    silent: true,
    symbol: "none",
    label: { show: false },
    lineStyle: { color: ink.axis, width: 1, type: "solid" },
    data,
  };
}

function whiskerSeries(whiskers: readonly (readonly number[])[]) {
  return {
    type: "custom",
    z: 5,
    silent: true,
    data: whiskers,
    encode: { x: 0, y: [1, 2] },
    renderItem: (
      _: unknown,
      api: { value: (k: number) => number; coord: (point: readonly [number, number]) => [number, number] },
    ) => {
      const [x, low] = api.coord([api.value(0), api.value(1)]);
      const [, high] = api.coord([api.value(0), api.value(2)]);
      const style = { stroke: ink.whisker, lineWidth: 1.2, fill: "none" };
      const stroke = (x1: number, y1: number, x2: number, y2: number) => ({
        type: "line",
        shape: { x1, y1, x2, y2 },
        style,
      });
      return {
        type: "group",
        children: [stroke(x, low, x, high), stroke(x - 4, low, x + 4, low), stroke(x - 4, high, x + 4, high)],
      };
    },
  };
}

/** First rows of years, half-years, quarters or months: the coarsest step that gives at least three labels. */
function dayTicks(days: Int32Array): ReadonlySet<number> {
  const months = Array.from(days, (day) => {
    const iso = isoOf(day);
    return Number(iso.slice(0, 4)) * 12 + Number(iso.slice(5, 7)) - 1;
  });
  for (const step of [60, 24, 12, 6, 3, 1]) {
    const rows = months.flatMap((month, row) =>
      row > 0 && Math.floor(month / step) !== Math.floor(months[row - 1]! / step) ? [row] : [],
    );
    if (rows.length >= 3) return new Set(rows);
  }
  return new Set([0, Math.max(0, days.length - 1)]);
}
