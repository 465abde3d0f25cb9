/**
 * Runs every benchmark as a process of its own and sets its figures beside those of the last release:
 *   npm run bench -- [--json] [--full] [--save] [NAME…]
 * `--save` keeps the figures as the last release's (benchmarks/last-release.json).
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly threads?: number;
}

const flags = process.argv.slice(2).filter((argument) => argument.startsWith("--"));
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".ts") && name !== "run.ts");
const chosen = files.filter((name) => wanted.length === 0 || wanted.some((part) => name.startsWith(part)));
if (chosen.length === 0)
  throw new RangeError(`no benchmark ${wanted.join(" ")}; there are ${files.join(" ")}`);

const kept = join(import.meta.dirname, "last-release.json");
const last = new Map<string, number>(
  existsSync(kept) ? Object.entries(JSON.parse(readFileSync(kept, "utf8")) as Record<string, number>) : [],
);
const json = flags.includes("--json");
const passed = [...flags.filter((flag) => flag !== "--json" && flag !== "--save"), "--json"];
const seen = new Map<string, number>();

/** The threads are part of what is compared. */
function keyOf({ name, threads = 1 }: Figure): string {
  return threads === 1 ? name : `${name} (${threads} threads)`;
}

function show(line: string): void {
  if (!line.startsWith("{")) {
    console.log(line);
    return;
  }
  const figure = JSON.parse(line) as Figure;
  const key = keyOf(figure);
  seen.set(key, figure.value);
  const before = last.get(key);
  if (json) {
    console.log(before === undefined ? line : JSON.stringify({ ...figure, lastRelease: before }));
    return;
  }
  const compared =
    before === undefined ? "" : `   last release ${before}, ×${(figure.value / before).toFixed(2)}`;
  console.log(`${key.padEnd(44)} ${String(figure.value).padStart(10)} ${figure.unit}${compared}`);
}

if (!json) console.log(`on ${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`);
let failed = 0;
for (const name of chosen) {
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, name), ...passed], {
      stdio: ["inherit", "pipe", "inherit"],
    });
    createInterface({ input: child.stdout }).on("line", show);
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code === 0) continue;
  failed += 1;
  process.stderr.write(`${name} failed with exit code ${code}\n`);
}
if (flags.includes("--save")) {
  const figures = Object.fromEntries([...new Map([...last, ...seen])].sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(kept, `${JSON.stringify(figures, null, 2)}\n`);
}
process.exitCode = failed === 0 ? 0 : 1;
