/**
 * The two folders that RD-Agent reads (`FACTOR_CoSTEER_DATA_FOLDER` and `…_DEBUG`): full history, and a small part of it
 * that generated code is tried on. RD-Agent describes every file in them to a language model and stops at one of a kind
 * it does not know, so that they hold `daily_pv.h5` and `README.md` alone.
 */
import { copyFile, link, mkdir } from "node:fs/promises";
import path from "node:path";
import { writeAtomically } from "#data/export/atomic-file";
import { codeInForm } from "#data/export/qlib-bin/code-form";
import type { FrameColumn } from "#data/export/frame";
import { byText } from "#data/export/series-table";
import { writeFrame } from "#data/hdf5/write-frame";
import { dayOf, isoOf } from "#market/day";
import { dailyFrame } from "./daily-frame.ts";
import { DAILY_FILE, FRAME_KEY, RDAGENT_DEBUG, RDAGENT_FULL } from "./layout.ts";
import { scopeOf, type SnapshotPlan } from "./snapshot-plan.ts";
import type { SnapshotScope, SnapshotSource } from "./snapshot-source.ts";

const README = "README.md";
const DEBUG_INSTRUMENTS = 100;
const DEBUG_RANGE = { start: dayOf("2018-01-01"), end: dayOf("2019-12-31") };
const FALLBACK_SESSIONS = 500;

/**
 * Writes both folders below `folder`; `daily` is the full `daily_pv.h5`, which the first one shares. Returns what a reader
 * of the result should know.
 */
export async function writeRdagentFolders(
  folder: string,
  work: {
    readonly source: SnapshotSource;
    readonly plan: SnapshotPlan;
    readonly scope?: SnapshotScope;
    readonly daily: string;
    readonly signal?: AbortSignal;
  },
): Promise<readonly string[]> {
  const { source, plan, daily, signal } = work;
  const full = await shareWithRdagent(folder, daily);
  const { scope, note } = await debugScope(source, plan, work.scope ?? scopeOf(plan));
  const frame = await dailyFrame(source, plan, scope);
  const debug = path.join(folder, RDAGENT_DEBUG);
  await mkdir(debug, { recursive: true });
  await writeFrame(path.join(debug, DAILY_FILE), frame, {
    key: FRAME_KEY,
    ...(signal === undefined ? {} : { signal }),
  });
  await writeAtomically(path.join(full, README), [readmeText(plan, frame.columns)]);
  await writeAtomically(path.join(debug, README), [readmeText(plan, frame.columns)]);
  return note === null ? [] : [note];
}

/** Puts the full `daily_pv.h5` into the first of both folders, and returns that folder. */
export async function shareWithRdagent(folder: string, daily: string): Promise<string> {
  const full = path.join(folder, RDAGENT_FULL);
  await mkdir(full, { recursive: true });
  await shareFile(daily, path.join(full, DAILY_FILE));
  return full;
}

/** One file under two names; two files where the file system has no such thing. */
async function shareFile(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    if (!["EPERM", "ENOTSUP", "EXDEV", "EMLINK", "ENOSYS"].includes(String(error.code))) throw error;
    await copyFile(from, to);
  }
}

/** The first hundred instruments of 2018 and 2019; of the first 500 sessions where the snapshot has none of those years. */
async function debugScope(
  source: SnapshotSource,
  plan: SnapshotPlan,
  whole: SnapshotScope,
): Promise<{ readonly scope: SnapshotScope; readonly note: string | null }> {
  const within = {
    ...whole,
    start: Math.max(plan.start, DEBUG_RANGE.start),
    end: Math.min(plan.end, DEBUG_RANGE.end),
  };
  const usual = within.start <= within.end ? await source.coverage(within) : [];
  if (usual.length > 0) return { scope: { ...within, instruments: firstOf(usual, plan) }, note: null };
  const sessions = await source.sessions({ start: plan.start, end: plan.end });
  const last = sessions[Math.min(FALLBACK_SESSIONS, sessions.length) - 1] ?? plan.end;
  const range = { ...whole, start: plan.start, end: last };
  return {
    scope: { ...range, instruments: firstOf(await source.coverage(range), plan) },
    note: `nothing of 2018 and 2019 is there: the debug folder holds ${isoOf(plan.start)} to ${isoOf(last)}`,
  };
}

function firstOf(
  coverage: readonly { readonly instrument: string }[],
  plan: SnapshotPlan,
): ReadonlySet<string> {
  const spell = codeInForm(plan.spelling);
  const sorted = coverage.map(({ instrument }) => instrument).sort((a, b) => byText(spell(a), spell(b)));
  return new Set(sorted.slice(0, DEBUG_INSTRUMENTS));
}

/** What the language model is told of the file. */
export function readmeText(plan: SnapshotPlan, columns: readonly FrameColumn[]): string {
  const adjusted = {
    raw: "Prices are as traded.",
    qfq: "Prices are front-adjusted: those of the base day are as traded, earlier ones are scaled to them.",
    qlib: "Prices are adjusted: traded price × factor; volumes are traded volume ÷ factor. Divide a price by the factor to get the traded one.",
  }[plan.adjustment.kind];
  const example = codeInForm(plan.spelling)("600000.SH");
  return `# How to read the files

\`daily_pv.h5\` holds daily prices and volumes of stocks. Read it with pandas; the key is \`${FRAME_KEY}\`:

\`\`\`python
import pandas as pd
df = pd.read_hdf("daily_pv.h5", key="${FRAME_KEY}")
\`\`\`

The index has two levels, \`datetime\` (trading day) and \`instrument\` (stock code such as \`${example}\`), sorted by both.
On days on which a stock did not trade its prices are NaN. ${adjusted}

# Columns of daily_pv.h5

${columns.map(({ name, unit, description }) => `- \`${name}\`: ${description} (${unit})`).join("\n")}
`;
}
