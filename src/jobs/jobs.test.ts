import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { openDatabase } from "#database/open-database";
import type { StateDatabase } from "#database/state-database";
import { testProcesses } from "#database/testing/test-processes";
import { describeCrashes } from "./testing/crash-suite.ts";
import { describeJobs } from "./testing/jobs-suite.ts";

const directory = mkdtempSync(join(tmpdir(), "jobs-state-"));
afterAll(() => rmSync(directory, { recursive: true }));

const open = (): Promise<StateDatabase> => openDatabase({ directory, processes: testProcesses });

describeJobs("PGlite", open);
describeCrashes("PGlite", open);
