import { Command } from "commander";
import { SnapshotError } from "#pipelines/snapshot/errors";
import { deleteSnapshot, listSnapshots, showSnapshot } from "#pipelines/snapshot/snapshot-catalogue";
import type { SnapshotMeta } from "#pipelines/snapshot/snapshot-meta";
import { snapshotIn } from "#pipelines/snapshot/snapshot-place";
import { postgresLedger } from "#pipelines/snapshot/postgres-ledger";
import { clearInLedger } from "#pipelines/snapshot/update/note-in-ledger";
import { isPostgresLocator } from "#data/sources/postgres/locator";
import { sourceUrlOf } from "#data/sources/postgres/session";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { UsageError } from "./outcome.ts";
import { exportCommand } from "./snapshot-export.ts";
import { rootOf, withRootOption, type RootOptions } from "./snapshot-root.ts";
import { updateCommand } from "./snapshot-update.ts";
import { verifyCommand } from "./snapshot-verify.ts";
import { bytes, count } from "./terminal.ts";

export function snapshotCommand(): Command {
  return new Command("snapshot")
    .description("daily_pv.h5 for Qlib and RD-Agent: export, update, check, list, remove")
    .addCommand(exportCommand())
    .addCommand(updateCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(verifyCommand())
    .addCommand(deleteCommand());
}

interface IdOptions extends SharedOptions, RootOptions {
  readonly id: string;
}

function listCommand(): Command {
  return withRootOption(withSharedOptions(new Command("list")))
    .description("the snapshots there are")
    .action((options: SharedOptions & RootOptions) =>
      runCommand(options, (context) => list(context, options)),
    );
}

async function list(context: CommandContext, options: RootOptions): Promise<boolean> {
  const { terminal } = context;
  const root = rootOf(context, options);
  const snapshots = await listSnapshots(root);
  if (snapshots.length === 0) terminal.line(`${root} holds no snapshot`);
  else {
    terminal.table(
      [
        ["id", "profile", "start", "end", "instruments", "columns", "rows", "size", "status"],
        ...snapshots.map(({ id, meta, problem }) =>
          meta === null
            ? [id, "", "", "", "", "", "", "", problem ?? ""]
            : [
                id,
                meta.profile,
                meta.start,
                meta.end,
                count(meta.instruments),
                String(meta.columns.length),
                count(meta.rows),
                bytes(Object.values(meta.files).reduce((sum, file) => sum + file.bytes, 0)),
                meta.status,
              ],
        ),
      ],
      { numeric: [4, 5, 6, 7] },
    );
  }
  terminal.result({
    ok: true,
    root,
    snapshots: snapshots.map(({ id, meta, problem }) => ({
      id,
      problem,
      ...(meta === null
        ? {}
        : {
            profile: meta.profile,
            start: meta.start,
            end: meta.end,
            instruments: meta.instruments,
            columns: meta.columns.length,
            rows: meta.rows,
            generation: meta.generation,
            status: meta.status,
            generated_at: meta.generated_at,
          }),
    })),
  });
  return true;
}

function showCommand(): Command {
  return withRootOption(withSharedOptions(new Command("show")))
    .description("what a snapshot holds and where it is from")
    .requiredOption("--id <id>", "the snapshot")
    .action((options: IdOptions) =>
      runCommand(options, async (context) => {
        const { place, meta } = await showSnapshot(rootOf(context, options), options.id);
        const { terminal } = context;
        const base = meta.base_date === null ? "" : ` of ${meta.base_date}`;
        const generation = meta.generation === null ? "" : `, generation ${meta.generation}`;
        terminal.line(`${meta.snapshot_id}: ${place.folder}`);
        terminal.line(
          `  profile ${meta.profile}, prices ${meta.adjustment}${base}, from ${meta.source}${generation}`,
        );
        terminal.line(
          `  ${meta.start} to ${meta.end}: ${count(meta.instruments)} instruments, ${count(meta.rows)} rows, ${meta.status}`,
        );
        terminal.table([
          ["column", "type", "unit", "description"],
          ...[...meta.columns, ...meta.labels].map(({ name, dtype, unit, description }) => [
            name,
            dtype,
            unit,
            description.length > 80 ? `${description.slice(0, 79)}…` : description,
          ]),
        ]);
        for (const note of meta.notes) terminal.line(`  note: ${note}`);
        for (const error of meta.errors)
          terminal.line(`  ${error.instrument}: ${error.code} ${error.message}`);
        terminal.result({ ok: true, folder: place.folder, meta });
        return true;
      }),
    );
}

interface DeleteOptions extends IdOptions {
  readonly yes?: boolean;
}

function deleteCommand(): Command {
  return withRootOption(withSharedOptions(new Command("delete")))
    .description("remove a snapshot with all its files")
    .requiredOption("--id <id>", "the snapshot")
    .option("--yes", "really remove it")
    .action((options: DeleteOptions) =>
      runCommand(options, async (context) => {
        const root = rootOf(context, options);
        const { place, meta } = await showSnapshotOrFolder(root, options.id);
        if (options.yes !== true) {
          throw new UsageError(`${place} would be removed for good`, "give --yes to confirm");
        }
        await deleteSnapshot(root, options.id);
        context.terminal.line(`${place} is removed`);
        const note = meta === null ? null : await clearInSource(meta);
        if (note !== null) context.terminal.warn(`  note: ${note}`);
        context.terminal.result({ ok: true, id: options.id, folder: place });
        return true;
      }),
    );
}

/** Takes the snapshot out of its server's table of exports. Returns what to tell when it stays there. */
async function clearInSource(meta: SnapshotMeta): Promise<string | null> {
  if (!isPostgresLocator(meta.source)) return null;
  if ((process.env["ALPHALOOM_SOURCE_URL"] ?? "") === "")
    return "ALPHALOOM_SOURCE_URL is not set: market.qlib_export_meta keeps the snapshot's rows";
  return await clearInLedger(postgresLedger(sourceUrlOf(process.env)), meta);
}

/** The folder that would go; a snapshot with a damaged meta.json can be removed too. */
async function showSnapshotOrFolder(
  root: string,
  id: string,
): Promise<{ readonly place: string; readonly meta: SnapshotMeta | null }> {
  try {
    const { place, meta } = await showSnapshot(root, id);
    return { place: place.folder, meta };
  } catch (error) {
    if (!(error instanceof SnapshotError && error.code === "SNAPSHOT_DAMAGED")) throw error;
    return { place: (await snapshotIn(root, id)).folder, meta: null };
  }
}
