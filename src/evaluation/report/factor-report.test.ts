import { expect, test } from "vitest";
import { panelOf } from "#panel/panel";
import { evaluateFactors } from "../factor/evaluation.ts";
import { stream } from "../factor/grid-fixture.ts";
import { renderFactorReport } from "./factor-report.ts";
import type { FactorReport } from "./factor-report.ts";
import { fixed, percent, whole } from "./markup.ts";
import { script } from "./script.ts";
import { sha256Base64 } from "./sha256.ts";
import { style } from "./style.ts";

const report = reportOf(1);

function reportOf(horizon: number, grouped = true): FactorReport {
  const rows = 80;
  const lanes = 40;
  const random = stream(11);
  const noise = () => Float64Array.from({ length: rows * lanes }, () => random() - 0.5);
  const axes = {
    time: { freq: "day", days: Int32Array.from({ length: rows }, (_, row) => 17_400 + row) } as const,
    instruments: Array.from({ length: lanes }, (_, lane) => `E${lane}`),
    first: new Int32Array(lanes),
    last: new Int32Array(lanes).fill(rows - 1),
  };
  const columns = ["A", "<script>alert(1)</script>", "B/C"].map((name) => ({ name, values: noise() }));
  columns.push({ name: "absent", values: new Float64Array(rows * lanes).fill(Number.NaN) });
  return {
    title: { zh: "因子评估", en: "Factor evaluation" },
    set: "three",
    generatedAt: "2020-01-01",
    engine: "Alphaloom",
    data: {
      source: { zh: "随机数", en: "random numbers" },
      calendar: "XSHG",
      generation: 1,
      firstDay: 17_400,
      lastDay: 17_479,
      instruments: lanes,
      bars: rows * lanes,
      adjustment: { zh: "无", en: "none" },
      notes: [],
    },
    quality: [
      {
        rule: { zh: "休市日行情", en: "Bars on a holiday" },
        count: 12,
        severity: "error",
        remark: { zh: "剔除", en: "kept out" },
      },
    ],
    evaluation: evaluateFactors({
      factors: panelOf({ role: "factor", ...axes, columns }),
      labels: {
        panel: panelOf({ role: "label", ...axes, columns: [{ name: "r", values: noise() }] }),
        meanings: [
          {
            name: "r",
            entryLag: 1,
            horizon,
            expression: "Ref($close, -2)/Ref($close, -1) - 1",
            lookAhead: 2,
            kind: "simple",
          },
        ],
      },
      ...(grouped
        ? { groupOf: (instrument: string) => (Number(instrument.slice(1)) < 30 ? "银行" : null) }
        : {}),
      settings: { minInstruments: 20, detailed: 2 },
    }),
    expressions: new Map([["A", "$close > 1 & $open"]]),
  };
}

const page = renderFactorReport(report);

test("the page asks the network for nothing and lets only its own style and script run", () => {
  expect(page).not.toMatch(/https?:\/\//);
  expect(page).not.toMatch(/\s(?:src|style|onclick|onload)=/);
  expect(page).toContain(`style-src 'sha256-${sha256Base64(style)}'`);
  expect(page).toContain(`script-src 'sha256-${sha256Base64(script)}'`);
  expect(page).toContain(`<style>${style}</style>`);
  expect(page).toContain(`<script>${script}</script>`);
  expect(page.match(/<script/g)).toHaveLength(1);
});

test("names and expressions of strangers are text, not markup", () => {
  expect(page).not.toContain("alert(1)</script>");
  expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  expect(page).toMatch(/\$close &gt; 1 &amp; \$open|<td>A<\/td>/);
});

test("both languages are there, and each Chinese piece has its English one", () => {
  const count = (language: string) => page.match(new RegExp(` class="${language}"`, "g"))?.length ?? 0;
  expect(count("zh")).toBeGreaterThan(100);
  expect(count("zh")).toBe(count("en"));
  expect(page).toContain('<html lang="zh-CN" data-language="zh">');
  expect(renderFactorReport(report, { language: "en" })).toContain('<html lang="en" data-language="en">');
});

test("a missing number is a dash, never NaN, null or 0", () => {
  expect(page).toContain('<td data-value="" title="–">–</td>');
  expect(page).not.toMatch(/>(?:NaN|null|undefined|Infinity)/);
  expect(page.replace(script, "")).not.toMatch(/\b(?:NaN|undefined)\b/);
});

test("the same report is the same bytes, and every id is its own", () => {
  expect(renderFactorReport(report)).toBe(page);
  const ids = [...page.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [, target] of page.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(target);
});

test("no chart colour is left that the style does not map", () => {
  const used = new Set([...page.matchAll(/(?:fill|stroke)="(#\w+)"/g)].map((match) => match[1]!));
  used.delete("#000");
  expect(used.size).toBeGreaterThan(5);
  for (const colour of used) expect(style).toContain(`"${colour}"`);
});

test("what is not known is left out or said: no groups, no compounding, no quality check", () => {
  const bare = renderFactorReport({ ...reportOf(5, false), quality: null });
  expect(page).toContain("Rank IC by industry");
  expect(bare).not.toContain("Rank IC by industry");
  expect(page).toContain("net value by quantile");
  expect(bare).not.toContain("net value by quantile");
  expect(bare).toContain("The findings were not at hand");
  expect(renderFactorReport({ ...report, quality: [] })).toContain("Nothing was found.");
  expect(bare.replace(script, "")).not.toMatch(/\b(?:NaN|undefined)\b/);
});

test("SHA-256 has the standard's test values", () => {
  expect(sha256Base64("abc")).toBe("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
  expect(sha256Base64("")).toBe("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
  expect(sha256Base64("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")).toBe(
    "JI1qYdIGOLjlwCaTDD5gOaM85Flk/yFn9uzt1BnbBsE=",
  );
});

test("numbers read as a market reader writes them", () => {
  expect(fixed(-0.0004, 2)).toBe("0.00");
  expect(fixed(-1.5, 1)).toBe("−1.5");
  expect(percent(0.12345)).toBe("12.35%");
  expect(whole(1234567)).toBe("1,234,567");
  expect(whole(Number.NaN)).toBe("–");
});
