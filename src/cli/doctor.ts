import { mkdir, rm, statfs, writeFile } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { Database } from "#data/duckdb/database";
import { listStores } from "#data/store/open-store";
import { calendarNamed } from "#market/calendar/exchange-calendars";
import { isoOf } from "#market/day";
import { storeName, storeOf, workspaceAt } from "#pipelines/workspace";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { bytes } from "./terminal.ts";
import { version } from "./version.ts";

/** One thing that was looked at. `remedy` is empty when it is as it should be. */
interface Check {
  readonly what: string;
  readonly ok: boolean;
  readonly found: string;
  readonly remedy: string;
}

const MIN_FREE_BYTES = 1024 ** 3;
const MS_PER_DAY = 86_400_000;

export function doctorCommand(): Command {
  return withSharedOptions(new Command("doctor"))
    .description("look at this machine and workspace: Node, DuckDB, memory, disk, calendars, stores")
    .action((options: SharedOptions) => runCommand(options, diagnose));
}

async function diagnose(context: CommandContext): Promise<boolean> {
  const checks = [
    passed("Alphaloom", `${version} on Node ${process.versions.node}, ${process.platform} ${process.arch}`),
    passed("machine", `${availableParallelism()} cores, ${bytes(totalmem())} memory`),
    await attempt("DuckDB", "run npm ci again; its binary is missing or of another platform", duckdbAnswers),
    await attempt("workspace", "give --workspace DIR that you may write to", () =>
      workspaceWritable(context),
    ),
    await freeDisk(context),
    ...calendarChecks(),
    ...(await storeChecks(context)),
  ];
  const { terminal } = context;
  for (const { what, ok, found, remedy } of checks) {
    terminal.line(`${ok ? "ok  " : "FAIL"}  ${what}: ${found}`);
    if (!ok) terminal.line(`      do: ${remedy}`);
  }
  const ok = checks.every((check) => check.ok);
  terminal.result({ ok, checks });
  return ok;
}

const passed = (what: string, found: string): Check => ({ what, ok: true, found, remedy: "" });

async function attempt(what: string, remedy: string, look: () => Promise<string>): Promise<Check> {
  try {
    return passed(what, await look());
  } catch (error) {
    return { what, ok: false, found: error instanceof Error ? error.message : String(error), remedy };
  }
}

async function duckdbAnswers(): Promise<string> {
  using database = await Database.open();
  await database.run("SELECT 1");
  return "answers";
}

async function workspaceWritable({ workspace }: CommandContext): Promise<string> {
  await mkdir(workspace, { recursive: true });
  const probe = join(workspace, `.doctor-${process.pid}`);
  await writeFile(probe, "");
  await rm(probe);
  return `${workspace} can be written`;
}

async function freeDisk({ workspace }: CommandContext): Promise<Check> {
  const remedy = "free some space or put the workspace on another disk";
  return attempt("disk", remedy, async () => {
    const disk = await statfs(workspace);
    const free = disk.bavail * disk.bsize;
    if (free < MIN_FREE_BYTES) throw new Error(`only ${bytes(free)} free`);
    return `${bytes(free)} free`;
  });
}

/** A calendar that ends is no defect of today, but its last days are near enough to say so. */
function calendarChecks(): Check[] {
  const today = Math.floor(Date.now() / MS_PER_DAY);
  return ["XSHG", "XNYS", "XHKG"].map((name) => {
    const { last } = calendarNamed(name);
    const ok = last >= today;
    const found = `known until ${isoOf(last)}`;
    return {
      what: `calendar ${name}`,
      ok,
      found,
      remedy: ok ? "" : "update Alphaloom: newer sessions are not known",
    };
  });
}

async function storeChecks({ workspace }: CommandContext): Promise<Check[]> {
  const place = workspaceAt(workspace);
  const checks: Check[] = [];
  for (const key of await listStores(place.stores)) {
    checks.push(
      await attempt(`store ${storeName(key)}`, "alphaloom data verify, then data repair", async () => {
        await using snapshot = await storeOf(place, key).snapshot();
        const { days } = snapshot.time;
        return `generation ${snapshot.generation}, ${snapshot.instruments.length} instruments, ${isoOf(days[0]!)} … ${isoOf(days.at(-1)!)}`;
      }),
    );
  }
  return checks;
}
