import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { openDatabase } from "#database/open-database";
import { testProcesses } from "#database/testing/test-processes";
import { describeJobs } from "./testing/jobs-suite.ts";

const directory = mkdtempSync(join(tmpdir(), "jobs-state-"));
afterAll(() => rmSync(directory, { recursive: true }));

describeJobs("PGlite", () => openDatabase({ directory, processes: testProcesses }));
