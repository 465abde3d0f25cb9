import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { ColumnVector } from "#data/duckdb/columns";
import { MISSING_DAY } from "#data/duckdb/columns";
import type {
  ReferenceColumn,
  ReferenceDescription,
  ReferenceSource,
} from "#data/sources/reference/reference-source";
import { dayOf } from "#market/day";
import { FactsAsOf } from "./facts-as-of.ts";
import { importReference } from "./import-reference.ts";
import { industryAsOf } from "./industry.ts";
import type { Fact } from "./reference-table.ts";
import { openReference } from "./reference-table.ts";
import { statementsOf } from "./statements.ts";

type Cell = string | number | null;

/** A source of literal rows: text and numbers as they are, days as `YYYY-MM-DD` in columns of kind `day`. */
function sourceOf(
  columns: readonly ReferenceColumn[],
  rows: readonly (readonly Cell[])[],
  table = "industry",
): ReferenceSource {
  const description: ReferenceDescription = {
    locator: "rows:test",
    table,
    shape: "test",
    reasons: [],
    doubts: [],
    columns,
    undated: !columns.some(({ name }) => name === "known_at"),
    files: ["test"],
  };
  const vectorOf = ({ kind }: ReferenceColumn, at: number): ColumnVector => {
    const cells = rows.map((row) => row[at]!);
    if (kind === "number")
      return { kind, values: Float64Array.from(cells, (cell) => (cell as number | null) ?? Number.NaN) };
    if (kind === "day")
      return {
        kind,
        values: Int32Array.from(cells, (cell) => (cell === null ? MISSING_DAY : dayOf(cell as string))),
      };
    const dictionary = [...new Set(cells.filter((cell) => cell !== null))] as string[];
    return { kind, codes: Int32Array.from(cells, (cell) => dictionary.indexOf(cell as string)), dictionary };
  };
  return {
    describe: () => Promise.resolve(description),
    async *rows() {
      const vectors = new Map(columns.map((column, at) => [column.name, vectorOf(column, at)]));
      if (rows.length > 0)
        yield await Promise.resolve({
          rows: rows.length,
          columns: vectors,
          origin: { file: "test", firstRow: 1 },
        });
    },
  };
}

const industries: readonly ReferenceColumn[] = [
  { name: "instrument", kind: "text" },
  { name: "industry", kind: "text" },
];
const dated: readonly ReferenceColumn[] = [
  ...industries,
  { name: "known_at", kind: "day" },
  { name: "valid_to", kind: "day" },
];

const workspaceOf = (): string => mkdtempSync(path.join(os.tmpdir(), "reference-"));

describe("a table without dates", () => {
  const rows = [
    ["A", "banks"],
    ["B", "steel"],
    ["C", null],
  ];

  it("is refused unless it is said when it became known, and nothing is left behind", async () => {
    const workspace = workspaceOf();
    await expect(importReference(workspace, sourceOf(industries, rows))).rejects.toMatchObject({
      code: "DATA_DATE_INVALID",
      remedy: expect.stringContaining("--known-at"),
    });
    expect(readdirSync(path.join(workspace, "reference/industry"))).toEqual([]);
  });

  it("counts from the stated day on, is marked, and says so before", async () => {
    const workspace = workspaceOf();
    const { file } = await importReference(workspace, sourceOf(industries, rows), {
      knownAt: dayOf("2019-12-31"),
    });
    expect(file).toMatchObject({
      dated: "whole",
      knownFrom: "2019-12-31",
      knownBecause: "stated at import",
      rows: 3,
    });
    const groups = await industryAsOf(openReference(workspace, "industry"));
    expect(groups.groupOf("A", dayOf("2019-12-31"))).toBe("banks");
    expect(groups.groupOf("A", dayOf("2019-12-30"))).toBeUndefined();
    expect(groups.groupOf("C", dayOf("2020-01-01"))).toBeUndefined();
    expect(groups.knownOn(dayOf("2019-12-30"))).toEqual({
      known: false,
      reason: "not known then: the table is known from 2019-12-31 on, asked for 2019-12-30",
    });
    expect(groups.assumesStatic).toBe(false);
  });

  it("may be taken as unchanging, which is said", async () => {
    const workspace = workspaceOf();
    await importReference(workspace, sourceOf(industries, rows), { knownAt: dayOf("2019-12-31") });
    const groups = await industryAsOf(openReference(workspace, "industry"), { assumeStatic: true });
    expect(groups.groupOf("A", dayOf("2010-01-01"))).toBe("banks");
    expect(groups.knownOn(dayOf("2010-01-01"))).toEqual({ known: true, assumed: true });
    expect(groups.knownOn(dayOf("2020-01-01"))).toEqual({ known: true, assumed: false });
    expect(groups.assumesStatic).toBe(true);
  });
});

describe("imports of one table", () => {
  it("add up: each day sees the version known then", async () => {
    const workspace = workspaceOf();
    await importReference(
      workspace,
      sourceOf(industries, [
        ["A", "banks"],
        ["B", "steel"],
      ]),
      { knownAt: dayOf("2019-01-01") },
    );
    const second = await importReference(workspace, sourceOf(industries, [["A", "insurance"]]), {
      knownAt: dayOf("2021-01-01"),
    });
    expect(second.files).toHaveLength(2);
    const groups = await industryAsOf(openReference(workspace, "industry"));
    const on = (day: string): (string | undefined)[] =>
      ["A", "B"].map((id) => groups.groupOf(id, dayOf(day)));
    expect(on("2018-12-31")).toEqual([undefined, undefined]);
    expect(on("2020-12-31")).toEqual(["banks", "steel"]);
    expect(on("2021-01-01")).toEqual(["insurance", "steel"]);
    const first = new Set([second.files[0]!.path]);
    const earlier = await industryAsOf(openReference(workspace, "industry", first));
    expect(earlier.groupOf("A", dayOf("2021-01-01"))).toBe("banks");
  });

  it("of the same rows are a no-op", async () => {
    const workspace = workspaceOf();
    const options = { knownAt: dayOf("2019-01-01") };
    const first = await importReference(workspace, sourceOf(industries, [["A", "banks"]]), options);
    const again = await importReference(workspace, sourceOf(industries, [["A", "banks"]]), options);
    expect([first.added, again.added]).toEqual([true, false]);
    expect(again.file).toEqual(first.file);
    expect(readdirSync(path.join(workspace, "reference/industry")).sort()).toEqual(
      [path.basename(first.file.path), "index.json"].sort(),
    );
  });

  it("are files named by their content, listed with size and hash", async () => {
    const workspace = workspaceOf();
    const { file } = await importReference(workspace, sourceOf(dated, [["A", "banks", "2019-01-01", null]]));
    const bytes = readFileSync(path.join(workspace, file.path));
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    expect(file).toMatchObject({ sha256, size: bytes.length, dated: "rows", rows: 1 });
    expect(file.path).toBe(`reference/industry/${sha256.slice(0, 16)}.parquet`);
  });

  it("with a row that has no date are refused by its number, the table as it was", async () => {
    const workspace = workspaceOf();
    await importReference(workspace, sourceOf(dated, [["A", "banks", "2019-01-01", null]]));
    const bad = sourceOf(dated, [
      ["A", "steel", "2020-01-01", null],
      ["B", "steel", null, null],
    ]);
    await expect(importReference(workspace, bad)).rejects.toThrow(/row 2 does not say when it became known/);
    expect(openReference(workspace, "industry").files).toHaveLength(1);
    expect(readdirSync(path.join(workspace, "reference/industry"))).toHaveLength(2);
  });
});

function fact(value: string, known: string, from?: string, to?: string): Fact<string> {
  return {
    instrument: "A",
    knownAt: dayOf(known),
    from: from === undefined ? Number.NEGATIVE_INFINITY : dayOf(from),
    to: to === undefined ? Number.POSITIVE_INFINITY : dayOf(to),
    value,
  };
}

describe("facts as of a day", () => {
  it("hold in their span only, and not before they were known", () => {
    const facts = new FactsAsOf([
      fact("ST", "2020-05-06", "2020-05-01", "2020-06-30"),
      fact("", "2020-07-01", "2020-07-01"),
    ]);
    expect(
      ["2020-05-05", "2020-05-06", "2020-06-30", "2020-07-01"].map((day) => facts.on("A", dayOf(day))),
    ).toEqual([undefined, "ST", "ST", ""]);
    expect(facts.on("B", dayOf("2020-05-06"))).toBeUndefined();
  });

  it("known together stand beside each other", () => {
    const facts = new FactsAsOf([
      fact("5G", "2019-01-01"),
      fact("chips", "2019-01-01"),
      fact("cars", "2020-01-01"),
    ]);
    expect(facts.allOn("A", dayOf("2019-06-01"))).toEqual(["5G", "chips"]);
    expect(facts.allOn("A", dayOf("2020-06-01"))).toEqual(["cars"]);
    expect(facts.allOn("A", dayOf("2018-06-01"))).toEqual([]);
  });

  it("never depend on what became known later", () => {
    const all = [
      fact("a", "2019-01-01"),
      fact("b", "2019-03-01", "2018-01-01"),
      fact("c", "2019-02-01", "2019-05-01"),
    ];
    for (let day = dayOf("2018-12-30"); day < dayOf("2019-06-10"); day++) {
      const then = new FactsAsOf(all.filter(({ knownAt }) => knownAt <= day));
      expect(new FactsAsOf(all).on("A", day)).toBe(then.on("A", day));
    }
  });
});

it("statements come as point-in-time records, revisions included", async () => {
  const workspace = workspaceOf();
  const columns: ReferenceColumn[] = [
    { name: "instrument", kind: "text" },
    { name: "known_at", kind: "day" },
    { name: "period", kind: "text" },
    { name: "roe", kind: "number" },
  ];
  const rows = [
    ["A", "2018-11-12", "20180630", 0.12],
    ["A", "2018-04-20", "2018-03-31", 0.05],
    ["A", "2018-08-17", "201802", 0.11],
    ["A", "2018-08-18", "201802", null],
  ];
  await importReference(workspace, sourceOf(columns, rows, "financials"));
  const records = (await statementsOf(openReference(workspace, "financials"), "roe")).get("A")!;
  expect([...records.announced]).toEqual(["2018-04-20", "2018-08-17", "2018-11-12"].map(dayOf));
  expect([...records.periods]).toEqual([201801, 201802, 201802]);
  expect([...records.values]).toEqual([0.05, 0.11, 0.12]);
});

describe("a table that cannot be read", () => {
  it("says what is wrong and what there is", async () => {
    const workspace = workspaceOf();
    expect(() => openReference(workspace, "industry")).toThrow(/no reference table "industry"/);
    expect(() => openReference(workspace, "../etc")).toThrow(/cannot be the name/);
    const { file } = await importReference(workspace, sourceOf(dated, [["A", "banks", "2019-01-01", null]]));
    const table = openReference(workspace, "industry");
    await expect(table.facts("sector")).rejects.toThrow(
      /no column "sector"; it has instrument, valid_from, valid_to, known_at, industry/,
    );
    rmSync(path.join(workspace, file.path));
    expect(() => openReference(workspace, "industry")).toThrow(/is gone/);
    const index = path.join(workspace, "reference/industry/index.json");
    expect(existsSync(index)).toBe(true);
    writeFileSync(index, "{}");
    expect(() => openReference(workspace, "industry")).toThrow(/is not an index/);
  });
});
