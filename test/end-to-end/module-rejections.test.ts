/** A user's module that leaves a promise to fail: the command goes on without it and says which file it was. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { alphaloom, newFolder } from "./command-line.ts";

test("a module with an unhandled rejection is named with a code, and the other factors stand", async () => {
  const folder = newFolder();
  const factors = join(folder, "workspace", "factors");
  mkdirSync(factors, { recursive: true });
  const set =
    'export default { name: "mine", title: { zh: "a", en: "a" }, source: "s", factors: [{ name: "x", expression: "$close" }] };\n';
  writeFileSync(join(factors, "late.ts"), `void Promise.reject(new Error("later"));\n${set}`);
  writeFileSync(
    join(factors, "good.yaml"),
    "namespace: good\nfactors:\n  - { name: y, expression: $open }\n",
  );
  const { code, out, err } = await alphaloom(folder, ["factors", "show", "good.y"]);
  expect(err).toContain("FACTOR_MODULE_THREW");
  expect(err).toMatch(/late\.ts/);
  expect(err).toMatch(/Error: later/);
  expect(out).toContain("$open");
  expect(code).toBe(0);
});
