import { Command } from "commander";
import { listStores } from "#data/store/open-store";
import type { StoreKey } from "#data/store/panel-store";
import type { Storage } from "#data/store/storage";
import type { BackupProgress } from "#pipelines/backup/copying";
import { listBackups } from "#pipelines/backup/catalogue";
import { cleanWorkspace } from "#pipelines/backup/clean-workspace";
import { pruneBackups } from "#pipelines/backup/prune-backups";
import { backupTarget, s3AccessOf } from "#pipelines/backup/target";
import { verifyBackup } from "#pipelines/backup/verify-backup";
import { backupWorkspace, restoreIntoWorkspace } from "#pipelines/backup/workspace-backups";
import { storeName, workspaceAt } from "#pipelines/workspace";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { UsageError } from "./outcome.ts";
import { chosenStore } from "./stores.ts";
import { bytes, count, type Progress, type Terminal } from "./terminal.ts";

interface TargetOptions extends SharedOptions {
  readonly target?: string;
}

export function backupCommand(): Command {
  return new Command("backup")
    .description(
      "copies of stores in a folder or an S3-compatible bucket: make, list, check, restore, remove",
    )
    .addCommand(runBackupCommand())
    .addCommand(listCommand())
    .addCommand(verifyCommand())
    .addCommand(restoreCommand())
    .addCommand(pruneCommand())
    .addCommand(cleanCommand());
}

function targetCommand(name: string): Command {
  return withSharedOptions(new Command(name)).option(
    "--target <place>",
    "a folder, or s3://bucket/prefix (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL); ALPHALOOM_BACKUP_TARGET unless told",
  );
}

function targetOf({ target }: TargetOptions): Storage {
  const place = target ?? process.env["ALPHALOOM_BACKUP_TARGET"];
  if (place === undefined || place === "") {
    throw new UsageError(
      "no target was named",
      "give --target FOLDER or --target s3://bucket/prefix, or set ALPHALOOM_BACKUP_TARGET",
    );
  }
  return backupTarget(place, s3AccessOf(process.env));
}

function keepArgument(text: string): number {
  const keep = Number(text);
  if (!/^\d+$/.test(text) || keep < 1)
    throw new UsageError(`--keep ${text} is not a number of backups`, "give a whole number from 1 on");
  return keep;
}

/** A bar for each phase, in files. */
function progressOn(terminal: Terminal): {
  readonly onProgress: (progress: BackupProgress) => void;
  readonly end: () => void;
} {
  let bar: Progress | null = null;
  let note = "";
  return {
    onProgress({ phase, files, ofFiles, bytes: done, ofBytes }) {
      bar ??= terminal.progress(phase, ofFiles, "files");
      note = `${bytes(done)} of ${bytes(ofBytes)}`;
      bar.update(files, note);
      if (files !== ofFiles) return;
      bar.end(note);
      bar = null;
    },
    end: () => bar?.end(note),
  };
}

interface RunOptions extends TargetOptions {
  readonly store?: string;
  readonly keep?: string;
}

function runBackupCommand(): Command {
  return targetCommand("run")
    .description("back up the current generation of every store; what is there already is not copied again")
    .option("--store <name>", "only this store, e.g. XSHG/day")
    .option("--keep <n>", "then remove all but the newest n backups of each store")
    .action((options: RunOptions) => runCommand(options, (context) => runBackup(context, options)));
}

async function runBackup(context: CommandContext, options: RunOptions): Promise<boolean> {
  const { terminal, signal } = context;
  const target = targetOf(options);
  const workspace = workspaceAt(context.workspace);
  const keep = options.keep === undefined ? {} : { keep: keepArgument(options.keep) };
  const keys: readonly StoreKey[] =
    options.store === undefined
      ? await listStores(workspace.stores)
      : [(await chosenStore(context, options.store)).key];
  if (keys.length === 0) {
    throw new UsageError(
      `the workspace ${workspace.root} holds no store`,
      "import something first: alphaloom import parquet:PATH",
    );
  }
  const { onProgress, end } = progressOn(terminal);
  const report = await backupWorkspace(workspace, keys, target, { signal, onProgress, ...keep }).finally(end);
  for (const { backup, isNew, copiedFiles, copiedBytes } of report.backups) {
    terminal.line(
      isNew
        ? `${backup.id}: ${count(backup.files)} files, ${bytes(backup.bytes)}; ${count(copiedFiles)} of them new, ${bytes(copiedBytes)}`
        : `${backup.id} holds generation ${backup.generation} of ${storeName(backup.key)} already`,
    );
  }
  if (report.pruned !== null && report.pruned.removedBackups.length > 0)
    terminal.line(`removed ${report.pruned.removedBackups.join(", ")}, ${bytes(report.pruned.removedBytes)}`);
  terminal.result({ ok: true, target: target.place, ...report });
  return true;
}

function listCommand(): Command {
  return targetCommand("list")
    .description("the backups at a target, newest first")
    .action((options: TargetOptions) =>
      runCommand(options, async ({ terminal }) => {
        const target = targetOf(options);
        const { backups, unreadable } = await listBackups(target);
        if (backups.length === 0) terminal.line(`${target.place} holds no backup`);
        else {
          terminal.table(
            [
              ["backup", "store", "generation", "made", "files", "size", "reason"],
              ...backups.map((backup) => [
                backup.id,
                storeName(backup.key),
                String(backup.generation),
                new Date(backup.createdAt).toISOString().slice(0, 19),
                count(backup.files),
                bytes(backup.bytes),
                backup.reason,
              ]),
            ],
            { numeric: [2, 4, 5] },
          );
        }
        for (const { id, error } of unreadable) terminal.warn(`${id}: ${error.message}`);
        const damaged = unreadable.map(({ id, error }) => ({ id, code: error.code, message: error.message }));
        terminal.result({ target: target.place, backups, unreadable: damaged });
        return unreadable.length === 0;
      }),
    );
}

function verifyCommand(): Command {
  return targetCommand("verify")
    .description("read every byte of a backup, or of all, and compare it with its checksums")
    .argument("[id]", "a backup that backup list shows; all unless told")
    .action((id: string | undefined, options: TargetOptions) =>
      runCommand(options, async ({ terminal, signal }) => {
        const target = targetOf(options);
        const ids = id === undefined ? (await listBackups(target)).backups.map((backup) => backup.id) : [id];
        const reports = [];
        for (const each of ids) {
          const { onProgress, end } = progressOn(terminal);
          const report = await verifyBackup(target, each, { signal, onProgress }).finally(end);
          for (const { path, message, file } of report.findings)
            terminal.line(`${each}: ${path}: ${message} (${file})`);
          if (report.findings.length === 0)
            terminal.line(`${each}: every checksum of ${count(report.files)} files holds`);
          reports.push(report);
        }
        const isWhole = reports.every(({ findings }) => findings.length === 0);
        terminal.result({ ok: isWhole, target: target.place, backups: reports });
        return isWhole;
      }),
    );
}

interface RestoreOptions extends TargetOptions {
  readonly force?: boolean;
}

function restoreCommand(): Command {
  return targetCommand("restore")
    .description(
      "put a backup back into the workspace, as it was into an empty one, else as a new generation",
    )
    .argument("<id>", "a backup that backup list shows")
    .option("--force", "also over a store whose generation is newer; that one is kept as an older generation")
    .action((id: string, options: RestoreOptions) =>
      runCommand(options, async ({ terminal, signal, ...context }) => {
        const target = targetOf(options);
        const workspace = workspaceAt(context.workspace);
        const { onProgress, end } = progressOn(terminal);
        const force = options.force === true;
        const report = await restoreIntoWorkspace(workspace, target, id, {
          signal,
          onProgress,
          force,
        }).finally(end);
        const what = `${count(report.restoredFiles)} files, ${bytes(report.restoredBytes)} put back`;
        terminal.line(
          `${storeName(report.key)} is at generation ${report.generation}, with the content of ${id}; ${what}`,
        );
        terminal.result({ ok: true, ...report });
        return true;
      }),
    );
}

function pruneCommand(): Command {
  return targetCommand("prune")
    .description("remove all but the newest backups of each store, and what no backup needs")
    .requiredOption("--keep <n>", "backups of each store that stay")
    .action((options: TargetOptions & { readonly keep: string }) =>
      runCommand(options, async ({ terminal, signal }) => {
        const target = targetOf(options);
        const report = await pruneBackups(target, { keep: keepArgument(options.keep), signal });
        for (const id of report.removedBackups) terminal.line(`removed ${id}`);
        terminal.line(`${count(report.removedFiles)} files, ${bytes(report.removedBytes)} freed`);
        if (report.unreadable.length > 0)
          terminal.warn(
            `no file was removed: ${report.unreadable.join(", ")} cannot be read and may need them`,
          );
        terminal.result({ ok: report.unreadable.length === 0, ...report });
        return report.unreadable.length === 0;
      }),
    );
}

function cleanCommand(): Command {
  return withSharedOptions(new Command("clean"))
    .description(
      "free what the workspace no longer needs: expired generations, files of none, temporary files, caches",
    )
    .option("--dry-run", "say what would go outside of the stores, and remove nothing")
    .action((options: SharedOptions & { readonly dryRun?: boolean }) =>
      runCommand(options, async ({ terminal, signal, ...context }) => {
        const dryRun = options.dryRun === true;
        const report = await cleanWorkspace(workspaceAt(context.workspace), { signal, dryRun });
        for (const store of report.stores) {
          const { removedFiles, removedBytes, removedGenerations, heldBy, skipped } = store;
          if (skipped !== null) terminal.warn(`${store.store} is left as it is: ${skipped}`);
          else
            terminal.line(
              `${store.store}: ${count(removedFiles)} files, generations ${removedGenerations.join(", ") || "none"}, ${bytes(removedBytes)}`,
            );
          for (const { generation, holder } of heldBy)
            terminal.line(`  generation ${generation} is read by ${holder}`);
        }
        for (const { path, kind, bytes: size } of report.files)
          terminal.line(`${kind}: ${path}, ${bytes(size)}`);
        terminal.line(
          `${bytes(report.removedBytes)} ${dryRun ? "would be freed outside of the stores" : "freed"}`,
        );
        terminal.result({ ok: true, dryRun, ...report });
        return report.stores.every(({ skipped }) => skipped === null);
      }),
    );
}
