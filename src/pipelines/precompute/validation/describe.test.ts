import { expect, test } from "vitest";
import { describeValidation } from "./describe.ts";
import { FindingList, jsonNumber, ownerOf } from "./report.ts";
import { ruleNames, rules } from "./rules.ts";
import { ScoreCard } from "./score.ts";

function reported() {
  const findings = new FindingList();
  findings.add("out-of-range", {
    set: "tech",
    factor: "RSI14",
    instrument: "600519.SH",
    block: 3,
    day: "2024-01-02",
    value: jsonNumber(104.5),
    detail: "0 … 100",
  });
  findings.add("block-stale", { set: "tech", block: 7, count: 32 });
  findings.add("wrong-value", {
    set: "tech",
    factor: "ROC12",
    instrument: "600519.SH",
    day: "2024-01-03",
    count: 2,
    value: jsonNumber(-Infinity),
    reference: 5,
  });
  const card = new ScoreCard();
  card.add("quality", "values", { checked: 1000, bad: 1 });
  const set = {
    registered: 89,
    stored: 89,
    current: 89,
    blocks: 10,
    staleBlocks: 1,
    missingBlocks: 0,
    scannedBlocks: 4,
  };
  const sample = {
    seed: 1,
    instruments: ["600519.SH"],
    series: 89,
    suspicious: 1,
    unjudged: 0,
    cells: 1000,
    equal: 998,
  };
  const sets = [{ set: "tech", ...set }];
  const about = {
    mode: "sample",
    store: "XSHG/day",
    generation: 5,
    engine: "1",
    sets,
    factors: [],
    sample,
  } as const;
  return findings.report(about, card);
}

test("a report reads the same in both languages", () => {
  expect(describeValidation(reported(), "en")).toEqual([
    "XSHG/day generation 5 (sample): errors, not up to date; score 84 (fair)",
    "completeness – · consistency – · integrity – · quality 90 · freshness –",
    "tech: 89 factors registered, 89 stored, 89 of today's version; 10 blocks, 1 stale, 0 never computed, 4 looked at",
    "recomputed 89 series (1 suspicious), 1,000 cells, 99.8000 % equal bit for bit; 0 more suspicious series left",
    "error  Value outside its range: 1 finding, 1 in all",
    "  tech.RSI14 600519.SH 2024-01-02: 104.5, 0 … 100",
    "error  Value differs from the reference: 1 finding, 2 in all",
    "  tech.ROC12 600519.SH 2024-01-03: -inf, reference 5 (2)",
    "warning  Bars newer than factors: 1 finding, 32 in all",
    "  tech block 7 (32)",
  ]);
  const chinese = describeValidation(reported(), "zh");
  expect(chinese[0]).toBe("XSHG/day 第 5 代（sample）：有错误，有因子待更新；得分 84（中）");
  expect(chinese.slice(4)).toEqual([
    "错误  数值越界：1 处，共 1",
    "  tech.RSI14 600519.SH 2024-01-02: 104.5，0 … 100",
    "错误  与参考实现不一致：1 处，共 2",
    "  tech.ROC12 600519.SH 2024-01-03: -inf，参考 5 (2)",
    "警告  行情新于因子：1 处，共 32",
    "  tech 块 7 (32)",
  ]);
});

test("what is left out of a long list is counted", () => {
  const findings = new FindingList();
  for (let index = 0; index < 250; index++) findings.add("hole", { factor: `F${index}`, count: index + 1 });
  const about = {
    mode: "full",
    store: "s",
    generation: 1,
    engine: "1",
    sets: [],
    factors: [],
    sample: null,
  } as const;
  const report = findings.report(about, new ScoreCard());
  expect(report.findings).toHaveLength(200);
  expect(report.findings[0]).toMatchObject({ factor: "F249", count: 250 });
  expect(report.findingsLeftOut).toBe(50);
  expect(report.rules).toEqual([{ rule: "hole", severity: "error", findings: 250, count: (250 * 251) / 2 }]);
});

test("states of recurrences belong to their set, also where a set has several", () => {
  expect(ownerOf("tech", ["tech"])).toBe("tech");
  expect(ownerOf("tech.state", ["tech"])).toBe("tech");
  expect(ownerOf("tech.1.checkpoints", ["tech", "fund"])).toBe("tech");
  expect(ownerOf("technical.state", ["tech"])).toBeNull();
  expect(ownerOf("tech.other", ["tech"])).toBeNull();
  expect(ownerOf("bars", ["tech"])).toBeNull();
});

test("every rule has words in both languages", () => {
  for (const name of ruleNames) {
    const { title, meaning } = rules[name];
    for (const text of [title.zh, meaning.zh]) expect(text).toMatch(/[\u4e00-\u9fff]/);
    for (const text of [title.en, meaning.en]) expect(text).toMatch(/^[A-Z][^\u4e00-\u9fff]+$/);
  }
});
