import { expect, test } from "vitest";
import { allowed } from "./dependency-table.ts";
import { cycles, folderOf, importsOf, readSources, violations } from "./import-graph.ts";

const files = readSources();

test("the scan finds the source files and their imports", () => {
  expect(files.length).toBeGreaterThan(5);
  expect(files.flatMap(importsOf).filter((arrow) => arrow.target !== null).length).toBeGreaterThan(5);
  const known = new Set(files.map((file) => file.path.replace(/\.(ts|json)$/, "")));
  const dangling = files
    .flatMap(importsOf)
    .filter((arrow) => arrow.target !== null && !arrow.target.endsWith(".json") && !known.has(arrow.target));
  expect(dangling).toEqual([]);
});

test("every folder of src stands in the dependency table", () => {
  for (const file of files) expect(Object.keys(allowed)).toContain(folderOf(file.path));
});

test("no file breaks the dependency table", () => {
  expect(violations(files)).toEqual([]);
});

test("value imports form no cycle", () => {
  expect(cycles(files)).toEqual([]);
});

test.each([
  ["market/injected.ts", 'import { panelOf } from "#panel/panel";', "market may not import panel"],
  [
    "expression/injected.ts",
    'import { readFileSync } from "node:fs";',
    "expression imports nothing from Node",
  ],
  ["data/ingest/injected.ts", 'import { DuckDBInstance } from "@duckdb/node-api";', "belongs to data/duckdb"],
  ["factors/injected.ts", 'export * from "../panel/panel.ts";', "reached as #folder/module"],
  ["services/injected.ts", "export const x = 1;", "not in the table"],
  ["panel/injected.ts", 'const m = await import("#data/source");', "panel may not import data"],
])("an injected violation in %s is found", (path, text, message) => {
  expect(violations([...files, { path, text }]).join("\n")).toContain(message);
});

test("an injected cycle is found", () => {
  const ring = [
    { path: "market/a.ts", text: 'import { b } from "./b.ts";' },
    { path: "market/b.ts", text: 'import { a } from "./a.ts";' },
  ];
  expect(cycles([...files, ...ring])).toHaveLength(cycles(files).length + 1);
});
