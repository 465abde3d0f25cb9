/** Runs every seeded matrix whole (`DEPTH=full`) and prints one summary line per suite: `npm run test:deep`. */
import { spawn } from "node:child_process";
import { join } from "node:path";

const runner = join(import.meta.dirname, "..", "node_modules", "vitest", "vitest.mjs");
let failed = 0;
for (const project of ["unit", "golden", "wide"]) {
  const started = performance.now();
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn(process.execPath, [runner, "run", "--project", project, "--testTimeout", "3600000"], {
      stdio: "inherit",
      env: { ...process.env, DEPTH: "full" },
    });
    child.on("error", reject);
    child.on("exit", resolve);
  });
  if (code !== 0) failed += 1;
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(`${project}: ${code === 0 ? "passed" : "FAILED"} in ${seconds} s at full depth`);
}
process.exitCode = failed === 0 ? 0 : 1;
