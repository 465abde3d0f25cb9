/** Entry of the thread in which PGlite runs, so that its synchronous work never holds up the process's event loop. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { PGlite, type Results } from "@electric-sql/pglite";
import { sqlFactsOf } from "../errors.ts";
import { decoders } from "../sql-values.ts";
import type { QueryResult } from "../state-database.ts";
import { DurableFiles, durableStart, initialisation } from "./durable-files.ts";
import { Housekeeping } from "./housekeeping.ts";
import type { ThreadFailure, ThreadOrder, ThreadReport, ThreadRequest, ThreadStart } from "./messages.ts";
import { layOut } from "./template.ts";
import { templateName } from "./version.ts";

const LOG_LINES = 20;
const port = parentPort;
if (port === null) throw new TypeError("this file is the entry of a worker thread");
const report = (message: ThreadReport): void => port.postMessage(message);
const log: string[] = [];

let serving = false;

/**
 * PostgreSQL has stopped in the middle. PGlite would go on with memory that is worth nothing, or spin for ever; the files
 * are recovered at the next start.
 */
function stop(): void {
  if (serving) report({ kind: "stopped", log });
  else report({ kind: "refused", message: "PostgreSQL stopped", log, systemCode: null });
  process.exit(70);
}

/** Values arrive as PostgreSQL's text, whatever the parameter's type. */
const asItIs = (value: unknown): string => value as string;

async function openFolder(folder: string): Promise<{ database: PGlite; files: DurableFiles }> {
  const files = new DurableFiles(folder);
  const database = await PGlite.create({
    fs: files,
    startParams: [...durableStart],
    initDbStartParams: [...initialisation],
    parsers: Object.fromEntries(decoders),
    serializers: Object.fromEntries([...decoders.keys()].map((oid) => [oid, asItIs])),
    onStderr: (line) => {
      log.push(line);
      if (log.length > LOG_LINES) log.shift();
      if (/ PANIC: |^Aborted\(/.test(line)) stop();
      return true;
    },
  });
  return { database, files };
}

async function initialise(folder: string): Promise<void> {
  const { database } = await openFolder(folder);
  await database.close();
}

async function start({ folder, cache }: ThreadStart): Promise<void> {
  const how = existsSync(join(folder, "PG_VERSION"))
    ? "there"
    : await layOut(folder, templateName, { cache, initialise });
  const { database, files } = await openFolder(folder);
  const housekeeping = new Housekeeping(database);
  await housekeeping.atStart();
  serving = true;
  serve(database, files, housekeeping);
  report({ kind: "opened", how });
}

function serve(database: PGlite, files: DurableFiles, housekeeping: Housekeeping): void {
  const carryOut = async (request: ThreadRequest): Promise<QueryResult | number | null> => {
    if (request.kind === "query") {
      const result = await runStatement(database, request.text, request.values);
      housekeeping.ran();
      if (!request.inSession && database.isInTransaction()) {
        throw new TypeError("a transaction was left open: use transaction()");
      }
      return result;
    }
    if (request.kind === "syncs") return files.syncs;
    if (request.kind === "listen" || request.kind === "unlisten") {
      await database.exec(`${request.kind} "${request.channel.replaceAll('"', '""')}"`);
    }
    if (request.kind === "close") await database.close();
    return null;
  };
  const answer = async ({ id, request }: ThreadOrder): Promise<void> => {
    const staysOpen = request.kind === "query" && request.inSession;
    try {
      const result = await carryOut(request);
      if (!staysOpen && request.kind !== "close" && database.isInTransaction())
        await database.exec("rollback");
      report({ kind: "done", id, result });
    } catch (error) {
      const failure = failureOf(error);
      if (failure.facts === null && !failure.misuse && !(await stillAnswers(database))) {
        // PostgreSQL has stopped in the middle; its memory is worth nothing, its files are recovered at the next start.
        report({
          kind: "failed",
          id,
          failure: { ...failure, message: `${failure.message} ${log.join(" ")}` },
        });
        process.exit(70);
      }
      if (!staysOpen && database.isInTransaction()) await database.exec("rollback");
      report({ kind: "failed", id, failure });
    }
  };
  database.onNotification((channel, payload) => report({ kind: "notified", channel, payload }));
  let last: Promise<void> = Promise.resolve();
  port!.on("message", (order: ThreadOrder) => {
    last = last.then(() => answer(order));
  });
}

async function runStatement(
  database: PGlite,
  text: string,
  values: readonly (string | null)[],
): Promise<QueryResult> {
  const results: Results[] =
    values.length > 0 ? [await database.query(text, [...values])] : await database.exec(text);
  const last = results.at(-1);
  return {
    rows: results.length === 1 ? results[0]!.rows : results.flatMap(({ rows }) => rows),
    rowCount: last?.rowCount ?? 0,
    command: last?.command ?? "",
  };
}

function failureOf(error: unknown): ThreadFailure {
  const message = error instanceof Error ? error.message : String(error);
  return {
    facts: sqlFactsOf(error),
    message,
    misuse: error instanceof TypeError || error instanceof RangeError,
  };
}

async function stillAnswers(database: PGlite): Promise<boolean> {
  try {
    if (database.isInTransaction()) return true;
    await database.query("select 1");
    return true;
  } catch {
    return false;
  }
}

try {
  await start(workerData as ThreadStart);
} catch (error) {
  const systemCode =
    error instanceof Error && "code" in error && "syscall" in error ? String(error.code) : null;
  const message = error instanceof Error ? error.message : String(error);
  report({ kind: "refused", message, log, systemCode });
}
