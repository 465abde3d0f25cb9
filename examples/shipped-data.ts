import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The A-share bars that come with Alphaloom. */
export const shippedAShares = `parquet:${join(import.meta.dirname, "..", "fixtures", "a-share-daily", "a-share-daily-2017-2019.parquet")}`;

/** A new, empty workspace in the system's temporary folder. */
export function exampleWorkspace(): Promise<string> {
  return mkdtemp(join(tmpdir(), "alphaloom-example-"));
}
