import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { factorErrors } from "#factors/errors";
import { loadUserFactors, workspaceFactors, type UserFactors } from "./user-factors.ts";
import { workspaceAt } from "./workspace.ts";

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "user-factors-"));
  await mkdir(join(root, "factors"));
  for (const [name, text] of Object.entries(files)) await writeFile(join(root, "factors", name), text);
  return root;
}

async function load(
  files: Readonly<Record<string, string>>,
): Promise<UserFactors & { readonly root: string }> {
  const root = await folderWith(files);
  return { ...(await loadUserFactors(join(root, "factors"))), root };
}

/** Code and place of each problem, the file by its name alone. */
function told({ problems, root }: Awaited<ReturnType<typeof load>>): unknown[] {
  return problems.map(({ code, place: { file, ...place } }) => ({
    code,
    file: relative(join(root, "factors"), file!),
    ...place,
  }));
}

const names = ({ sets }: UserFactors): string[] =>
  sets.flatMap((set) => set.factors.map((factor) => `${set.name}.${factor.name}`));

const GOOD = `namespace: mine
title: { zh: 我的因子, en: my factors }
version: 2
factors:
  - name: reversal
    expression: Ref($close, 5)/$close - 1
    title: five-day reversal
    unit: ratio
    parameters: { days: 5 }
  - name: quiet
    alias: quiet_days
    expression: "Mean($volume < Mean($volume, 20), 5)"
`;

describe("files of factors", () => {
  test("in YAML become sets with what they say about their factors", async () => {
    const loaded = await load({ "mine.yaml": GOOD });
    expect(loaded.problems).toEqual([]);
    expect(loaded.sets).toMatchObject([
      {
        name: "mine",
        title: { zh: "我的因子", en: "my factors" },
        version: "2",
        factors: [
          {
            name: "reversal",
            expression: "Ref($close, 5)/$close - 1",
            title: { zh: "five-day reversal", en: "five-day reversal" },
            unit: "ratio",
            parameters: { days: 5 },
          },
          { name: "quiet", alias: "quiet_days" },
        ],
      },
    ]);
    expect([...loaded.origins.values()]).toEqual([join(loaded.root, "factors", "mine.yaml")]);
  });

  // Vitest compiles what is imported; modules with types run in a process of their own in test/end-to-end/user-factors.
  test("in modules give every set that they export", async () => {
    const loaded = await load({
      "families.ts": `const windows = [{ days: 3 }, { days: 7 }];
export const one = {
  name: "one",
  factors: windows.map(({ days }) => ({ name: \`gap\${days}\`, expression: \`$open/Ref($close, \${days})-1\` })),
};
export default { name: "two", title: { zh: "二", en: "two" }, source: "a book", factors: [{ name: "x", expression: "$close" }] };
`,
    });
    expect(loaded.problems).toEqual([]);
    expect(names(loaded).sort()).toEqual(["one.gap3", "one.gap7", "two.x"]);
  });

  test("of other kinds, hidden, or beginning with _ are left alone, and a folder need not be there", async () => {
    const loaded = await load({
      "values.parquet": "PAR1",
      "_shared.ts": "throw new Error()",
      ".hidden.yaml": ":",
      "types.d.ts": "",
    });
    expect([loaded.sets, loaded.problems]).toEqual([[], []]);
    expect((await loadUserFactors(join(loaded.root, "nowhere"))).sets).toEqual([]);
  });
});

/** Each list nine times the one before. */
const ALIASES = ["b", "c", "d", "e", "f", "g", "h"]
  .map((name, index) => `${name}: &${name} [${`*${"abcdefg".charAt(index)},`.repeat(9)}]\n`)
  .join("");

describe("what is wrong is told with its place, and the other factors load:", () => {
  test("factors that do not compile, are windows too long, or look ahead", async () => {
    const loaded = await load({
      "bad.yaml": `namespace: bad
factors:
  - name: typo
    expression: Mean($close 5)
  - name: long
    expression: "Mean($close, 10001)"
  - name: ahead
    expression: Ref($close, -1)/$close
  - name: kinds
    expression: |
      Sum(
        5, 5)
  - name: fine
    expression: $close/$open
`,
      "mine.yaml": GOOD,
    });
    expect(told(loaded)).toEqual([
      { code: "EXPRESSION_SYNTAX", file: "bad.yaml", factor: "typo", row: 4, column: 29 },
      { code: "EXPRESSION_WINDOW", file: "bad.yaml", factor: "long", row: 6, column: 31 },
      { code: "EXPRESSION_LOOKS_AHEAD", file: "bad.yaml", factor: "ahead", row: 8, column: 17 },
      { code: "EXPRESSION_ARGUMENT", file: "bad.yaml", factor: "kinds", row: 10, column: 17 },
    ]);
    expect(loaded.problems[0]!.message).toMatch(/^bad\.typo: column 13: /);
    expect(loaded.problems[2]!.message).toMatch(/^bad\.ahead uses values up to 1 rows after its own/);
    expect(names(loaded)).toEqual(["bad.fine", "mine.reversal", "mine.quiet"]);
  });

  test.each([
    [
      "a key that nobody reads",
      "expresion: $close",
      "FACTOR_DECLARATION",
      /x has a key expresion; allowed are/,
      4,
    ],
    ["an expression that is a number", "expression: 5", "FACTOR_DECLARATION", /expression of x is 5/, 4],
    ["a missing expression", "unit: ratio", "FACTOR_DECLARATION", /expression of x is missing/, 3],
    ["a title of numbers", "expression: $close\n    title: 5", "FACTOR_DECLARATION", /title is 5/, 5],
    ["an alias that is no name", "expression: $close\n    alias: a.b", "FACTOR_DECLARATION", /alias of x/, 5],
    [
      "parameters that are lists",
      "expression: $close\n    parameters: { days: [5] }",
      "FACTOR_DECLARATION",
      /parameter days is a list/,
      5,
    ],
  ])("%s", async (_title, lines, code, message, row) => {
    const loaded = await load({
      "a.yaml": `namespace: a\nfactors:\n  - name: x\n    ${lines}\n  - { name: y, expression: $open }\n`,
    });
    expect(loaded.problems).toMatchObject([
      { code, message: expect.stringMatching(message), place: { row } },
    ]);
    expect(names(loaded)).toEqual(["a.y"]);
  });

  test.each([
    ["a list", "- a\n- b\n", "FACTOR_FILE_CONTENT", /holds a list/, 1],
    ["nothing", "", "FACTOR_FILE_CONTENT", /expected a namespace and factors/, undefined],
    ["no factors", "namespace: a\n", "FACTOR_FILE_CONTENT", /factors is missing/, 1],
    ["no factor in its list", "namespace: a\nfactors: []\n", "FACTOR_FILE_CONTENT", /an empty list/, 2],
    ["a namespace with a dot", "namespace: a.b\nfactors: []\n", "FACTOR_FILE_CONTENT", /"a.b"/, 1],
    ["another key", "namespace: a\nfactor: []\n", "FACTOR_FILE_CONTENT", /a key factor/, 2],
    ["a bracket that stays open", "namespace: a\nfactors: [\n", "FACTOR_FILE_SYNTAX", /./, 3],
    ["two documents", "namespace: a\n---\nnamespace: b\n", "FACTOR_FILE_SYNTAX", /a second document/, 2],
    ["aliases that expand without end", `a: &a [x]\n${ALIASES}`, "FACTOR_FILE_SYNTAX", /alias/, 1],
    ["bytes that are no text", "\u0000\u0001\uFFFD", "FACTOR_FILE_CONTENT", /the file holds/, 1],
    ["a key twice", "namespace: a\nnamespace: b\n", "FACTOR_FILE_SYNTAX", /unique/, 2],
  ])("a YAML file with %s", async (_title, text, code, message, row) => {
    const loaded = await load({ "a.yaml": text, "mine.yaml": GOOD });
    expect(loaded.problems).toMatchObject([{ code, message: expect.stringMatching(message) }]);
    expect(loaded.problems[0]!.place.row).toBe(row);
    expect(loaded.problems[0]!.remedy.length).toBeGreaterThan(10);
    expect(names(loaded)).toEqual(["mine.reversal", "mine.quiet"]);
  });

  test.each([
    [
      "throws",
      "const x = 1;\n\nthrow new RangeError('no data');\n",
      "FACTOR_MODULE_THREW",
      /RangeError: no data/,
    ],
    ["throws no error", "throw 'x';\n", "FACTOR_MODULE_THREW", /threw x/],
    [
      "throws when it is read",
      "export default { name: 'x', get factors() { throw new Error('late'); } };\n",
      "FACTOR_MODULE_THREW",
      /Error: late/,
    ],
    ["imports what is not there", "import './absent.ts';\n", "FACTOR_MODULE_THREW", /absent/],
    ["exports nothing", "const x = 1;\n", "FACTOR_FILE_CONTENT", /exports no factor set/],
    ["exports a function only", "export default () => 1;\n", "FACTOR_FILE_CONTENT", /exports no factor set/],
    ["exports something else", "export default { a: 1 };\n", "FACTOR_FILE_CONTENT", /a key a/],
  ])("a module that %s", async (_title, text, code, message) => {
    const loaded = await load({ "broken.ts": text, "mine.yaml": GOOD });
    expect(loaded.problems).toMatchObject([{ code, message: expect.stringMatching(message) }]);
    expect(told(loaded)).toMatchObject([{ file: "broken.ts" }]);
    expect(names(loaded)).toEqual(["mine.reversal", "mine.quiet"]);
  });

  test("a folder where a file should be", async () => {
    const root = await folderWith({ "mine.yaml": GOOD });
    for (const name of ["a.yaml", "b.ts"]) await mkdir(join(root, "factors", name));
    const loaded = await loadUserFactors(join(root, "factors"));
    expect(told({ ...loaded, root })).toEqual([
      { code: "FACTOR_FILE_UNREADABLE", file: "a.yaml" },
      { code: "FACTOR_FILE_UNREADABLE", file: "b.ts" },
    ]);
    expect(names(loaded)).toEqual(["mine.reversal", "mine.quiet"]);
  });

  test("a namespace that is taken, a name that is taken, and the same alias twice", async () => {
    const root = await folderWith({
      "a.yaml":
        "namespace: a\nfactors:\n  - { name: x, expression: $close, alias: alpha_001 }\n  - { name: y, expression: $close, alias: mine_y }\n",
      "b.yaml":
        "namespace: b\nfactors:\n  - { name: y, expression: $open, alias: mine_y }\n  - { name: z, expression: $open }\n",
      "c.yaml": "namespace: alpha158\nfactors:\n  - { name: MINE, expression: $open }\n",
      "d.yaml": "namespace: a\nfactors:\n  - { name: w, expression: $open }\n",
    });
    const { registry, problems } = await workspaceFactors(workspaceAt(root));
    expect(problems.map(({ code, message, place }) => [code, message, relative(root, place.file!)])).toEqual([
      [
        "FACTOR_CLASH",
        "a.x claims the name alpha_001, which belongs to alpha158.KMID",
        join("factors", "a.yaml"),
      ],
      ["FACTOR_CLASH", "b.y claims the name mine_y, which belongs to a.y", join("factors", "b.yaml")],
      ["FACTOR_CLASH", "the namespace alpha158 belongs to a shipped set", join("factors", "c.yaml")],
      [
        "FACTOR_CLASH",
        `the namespace a belongs to ${join(root, "factors", "a.yaml")}`,
        join("factors", "d.yaml"),
      ],
    ]);
    expect(["mine_y", "b.z", "alpha_001"].map((name) => registry.find(name)?.id)).toEqual([
      "a.y",
      "b.z",
      "alpha158.KMID",
    ]);
  });
});

test("a module that was edited is loaded anew", async () => {
  const root = await folderWith({
    "m.ts": "export default { name: 'm', factors: [{ name: 'a', expression: '$close' }] };",
  });
  const folder = join(root, "factors");
  expect(names(await loadUserFactors(folder))).toEqual(["m.a"]);
  await new Promise((settle) => setTimeout(settle, 20));
  await writeFile(
    join(folder, "m.ts"),
    "export default { name: 'm', factors: [{ name: 'b', expression: '$close' }] };",
  );
  expect(names(await loadUserFactors(folder))).toEqual(["m.b"]);
});

describe("the guide", () => {
  const guide = readFileSync(
    join(import.meta.dirname, "..", "..", "docs", "guides", "add-a-factor.md"),
    "utf8",
  );
  const block = (language: string): string =>
    new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "s").exec(guide)![1]!;

  test("shows files that load", async () => {
    const loaded = await load({ "mine.yaml": block("yaml"), "gaps.ts": block("ts") });
    expect(loaded.problems).toEqual([]);
    expect(names(loaded)).toEqual(["gaps.gap3", "gaps.gap5", "gaps.gap10", "mine.reversal", "mine.quiet"]);
  });

  test("tells every code that a factor file can end in", () => {
    for (const code of Object.keys(factorErrors)) expect(guide).toContain(`\`${code}\``);
  });
});
