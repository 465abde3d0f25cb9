import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const examples = readdirSync(join(root, "examples")).filter((name) => /^\d\d-.*\.ts$/.test(name));

/** A line that each example must print, computed by it from real data. */
const printed: Readonly<Record<string, RegExp>> = {
  "01-import-and-read.ts":
    /104199 rows added, 12 kept out[\s\S]*600519\.SH: 612 sessions, last close 1175\.8 CNY/,
  "02-my-own-factor.ts": /reversal: rank IC -?0\.\d{4}, t -?\d+\.\d\d[\s\S]*price_volume: rank IC/,
  "03-expression-on-a-panel.ts": /10 NaN 10\.5 5 11\.5 5\.5 12\.5 6\n/,
  "04-a-factor-set-of-my-own.ts":
    /mine\.ahead: EXPRESSION_LOOKS_AHEAD in mine\.yaml line 11[\s\S]*mine\.reversal looks back 5 rows[\s\S]*reversal: rank IC -?0\.\d{4}[\s\S]*quiet: rank IC/,
  "05-live-bars.ts": /500 rows of MA3, EMA12, strength: 0 of 3000 values differ/,
  "06-load-precomputed.ts":
    /before: RSI14 computed \(missing\)[\s\S]*close (\d+\.\d\d), RSI14 (\d+\.\d{4})\nafter: RSI14 precomputed, alpha158\.MA5 precomputed, \$close\/Ref\(\$close,1\)-1 computed \(expression\)\n.*close \1, RSI14 \2\n/,
  "07-snapshot.ts":
    /105992 rows of 175 instruments, 2017-05-31 to 2019-11-28\nsound: true, score 100, 635952 values equal to the store's/,
};

test.each(examples)("examples/%s runs and prints what it promises", async (name) => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, "examples", name)], {
    cwd: root,
  });
  expect(stdout).toMatch(printed[name]!);
});

test("every example has its expected output", () => {
  expect(examples.length).toBeGreaterThan(0);
  expect(examples).toEqual(Object.keys(printed));
});
