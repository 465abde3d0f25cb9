/**
 * What a workspace does by itself: `<workspace>/settings.yaml`, written by hand. Everything is off without it.
 *
 *   precompute:
 *     afterImport: true             # bring factors up to date after an import that changed the store
 *     watch: { quietSeconds: 10 }   # and when files of known sources changed (in `serve`); `true` takes the defaults
 *     schedule: "30 18 * * 1-5"     # and at these times of the exchange's clock: minute hour day month weekday
 *   backup:
 *     target: /mnt/backup           # or s3://bucket/prefix; after every run, at most 7 of a store
 *     keep: 7
 *     afterRun: true
 *     schedule: "0 6 * * 0"
 *   parquet:                        # after every run, one file per instrument with these factors
 *     folder: data/parquet
 *     factors: [tech.RSI14, alpha_019]
 *   qlib:                           # after every run, a Qlib provider directory in step with the store
 *     dir: qlib
 *     sets: [alpha158]
 *   validation:
 *     schedule: "0 7 * * 6"         # every value and byte
 *   snapshot:
 *     root: /mnt/qlib/snapshots     # below the workspace unless absolute
 *     market: aistock
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, YAMLParseError } from "yaml";
import { z } from "zod";
import { UsageError } from "./outcome.ts";

const watch = z.strictObject({
  /** Seconds without a change after which the files are taken for whole. */
  quietSeconds: z.number().min(1).max(3600).default(10),
  /** Seconds between two looks where the file system does not report changes. */
  pollSeconds: z.number().min(1).max(86_400).default(30),
});

const cron = z
  .string()
  .regex(/^\S+( +\S+){4}$/, { error: "expected five fields: minute hour day month weekday" });

const precompute = z.strictObject({
  afterImport: z.boolean().default(false),
  watch: z
    .union([z.boolean(), watch])
    .default(false)
    .transform((value) => (value === true ? watch.parse({}) : value === false ? null : value)),
  schedule: z.union([cron, z.literal(false).transform(() => null)]).default(null),
});

const backup = z.strictObject({
  /** A folder, or s3://bucket/prefix with the credentials in the environment. */
  target: z.string().min(1),
  /** Newest backups of each store that stay. */
  keep: z.int().min(1).default(7),
  /** After every precompute run. */
  afterRun: z.boolean().default(true),
  schedule: z.union([cron, z.literal(false).transform(() => null)]).default(null),
});

const validation = z.strictObject({ schedule: cron, mode: z.enum(["sample", "full"]).default("full") });

const parquet = z.strictObject({
  /** Below the workspace unless absolute. */
  folder: z.string().min(1).default("data/parquet"),
  factors: z.array(z.string()).default([]),
  prices: z.enum(["adjusted", "raw"]).default("adjusted"),
  compression: z.enum(["zstd", "snappy"]).default("zstd"),
});

const snapshot = z.strictObject({
  root: z.string().min(1).default("snapshots"),
  /** Name of the market in meta.json. */
  market: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/)
    .default("aistock"),
});

const qlib = z.strictObject({
  /** Below the workspace unless absolute; one of several stores goes to a folder of its calendar below it. */
  dir: z.string().min(1),
  sets: z.array(z.string()).default([]),
  /** The further fields of the data too: `turn`, `pe_ttm`, … */
  extra: z.boolean().default(false),
});

const settings = z.strictObject({
  qlib: qlib.nullable().default(null),
  parquet: parquet.nullable().default(null),
  precompute: precompute.prefault({}),
  backup: backup.nullable().default(null),
  validation: validation.nullable().default(null),
  snapshot: snapshot.prefault({}),
});

export type WorkspaceSettings = z.output<typeof settings>;

/** The settings of a workspace folder. Throws `UsageError` naming the key, and when the file cannot be read. */
export function readSettings(workspace: string): WorkspaceSettings {
  const file = join(workspace, "settings.yaml");
  let value: unknown;
  try {
    value = parse(readFileSync(file, "utf8")) ?? {};
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return settings.parse({});
    if (!(error instanceof YAMLParseError) && !(error instanceof Error && "code" in error)) throw error;
    const line = error instanceof YAMLParseError ? error.linePos?.[0].line : undefined;
    const what = error.message.split("\n", 1)[0]!.replace(/:$/, "");
    throw new UsageError(
      `${file}${line === undefined ? "" : ` line ${line}`}: ${what}`,
      "correct it or remove it",
    );
  }
  const parsed = settings.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const key = issue!.path.join(".");
  throw new UsageError(
    `${file}${key === "" ? "" : `: ${key}`}: ${issue!.message}`,
    "docs/concepts/change-detection.md lists the settings",
  );
}
