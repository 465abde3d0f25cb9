import type { Migration } from "../migrate.ts";
import { jobsMigration } from "./0001-jobs.ts";
import { workspaceMigration } from "./0002-workspace.ts";

/** Every migration of schema `alphaloom`, in order. One that has been released is never edited: a later one changes it. */
export const migrations: readonly Migration[] = [jobsMigration, workspaceMigration];
