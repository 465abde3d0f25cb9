import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { expect, test } from "vitest";
import { buildProgram } from "../../src/cli/program.ts";
import { commandReference } from "../../src/cli/reference.ts";

const page = join(import.meta.dirname, "..", "..", "docs", "reference", "cli.md");

/** Regenerate with: UPDATE=1 npx vitest run --project unit test/end-to-end/reference.test.ts */
test("docs/reference/cli.md says what the program says", async () => {
  const generated = commandReference(await buildProgram());
  if (process.env["UPDATE"] === "1") writeFileSync(page, generated);
  expect(readFileSync(page, "utf8")).toBe(generated);
});

test("every command of the contract is there, with --json and --workspace", async () => {
  const found = new Map<string, readonly string[]>();
  const visit = (command: Command, path: string): void => {
    if (command.commands.length === 0)
      found.set(
        path,
        command.options.map((option) => option.long ?? ""),
      );
    for (const child of command.commands) visit(child, `${path} ${child.name()}`.trim());
  };
  visit(await buildProgram(), "");
  const contract: Readonly<Record<string, readonly string[]>> = {
    demo: [],
    import: ["--mapping", "--start", "--end", "--codes"],
    "data list": [],
    "data show": [],
    "data verify": [],
    "data repair": [],
    "data quality": [],
    "data dump": ["--fields", "--out"],
    "factors list": [],
    "factors show": ["--explain"],
    "factors eval": ["--set", "--expr", "--expr-file", "--source", "--precision", "--backend", "--out"],
    "qlib dump": [],
    doctor: [],
  };
  for (const [name, options] of Object.entries(contract)) {
    expect(found.get(name), name).toEqual(expect.arrayContaining(["--workspace", "--json", ...options]));
  }
});
