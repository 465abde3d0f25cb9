/** A rank over a whole market keeps a column or two of it and not the market, in a process of its own. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("ranking 5,000 instruments over 2,500 days stays under 600 MB and ranks all of them every day", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(import.meta.dirname, "cross-section-child.ts"),
  ]);
  const { least, most, megabytes } = JSON.parse(stdout) as Record<"least" | "most" | "megabytes", number>;
  // Ranks are k/5000 for k = 1 … 5000, delivered as float32.
  expect(Math.abs(least - 2500.5)).toBeLessThan(0.001);
  expect(Math.abs(most - 2500.5)).toBeLessThan(0.001);
  expect(megabytes).toBeLessThan(600);
  expect(megabytes).toBeGreaterThan(100);
});
