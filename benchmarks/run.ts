/**
 * Runs every benchmark as a process of its own and passes its lines on:
 *   npm run bench -- [--json] [--full] [NAME…]
 */
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

const flags = process.argv.slice(2).filter((argument) => argument.startsWith("--"));
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".ts") && name !== "run.ts");
const chosen = files.filter((name) => wanted.length === 0 || wanted.some((part) => name.startsWith(part)));
if (chosen.length === 0)
  throw new RangeError(`no benchmark ${wanted.join(" ")}; there are ${files.join(" ")}`);

let failed = 0;
for (const name of chosen) {
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, name), ...flags], { stdio: "inherit" });
    child.on("error", reject);
    child.on("exit", resolve);
  });
  if (code === 0) continue;
  failed += 1;
  process.stderr.write(`${name} failed with exit code ${code}\n`);
}
process.exitCode = failed === 0 ? 0 : 1;
