import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { openDatabase } from "./open-database.ts";
import { describeDatabase } from "./testing/database-suite.ts";
import { testProcesses } from "./testing/test-processes.ts";

const directory = mkdtempSync(join(tmpdir(), "database-"));
afterAll(() => rmSync(directory, { recursive: true }));

describeDatabase("PGlite", () =>
  Promise.resolve({
    shared: false,
    open: (migrations) =>
      openDatabase({
        directory,
        processes: testProcesses,
        ...(migrations === undefined ? {} : { migrations }),
      }),
  }),
);
