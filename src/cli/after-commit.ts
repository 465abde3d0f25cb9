import { resolve } from "node:path";
import { backupTarget, s3AccessOf } from "#pipelines/backup/target";
import { backupWorkspace } from "#pipelines/backup/workspace-backups";
import { listStores } from "#data/store/open-store";
import { exportInstrumentFiles } from "#pipelines/export-parquet/instrument-files";
import { engineOf } from "#pipelines/precompute/factor-parts";
import { describeValidation } from "#pipelines/precompute/validation/describe";
import type { ValidationReport } from "#pipelines/precompute/validation/report";
import { validateFactors } from "#pipelines/precompute/validation/validate-factors";
import { writeVersions } from "#pipelines/precompute/versions/version-files";
import { updateQlibDirectory } from "#pipelines/qlib-directory/update-directory";
import { storeFactors } from "#pipelines/store-factors";
import { workspaceAt } from "#pipelines/workspace";
import type { AfterCommit, CommittedRun } from "./precompute-kind.ts";
import { version } from "./version.ts";
import { readSettings } from "./workspace-settings.ts";

/**
 * What follows every precompute run: a sample of what was stored is validated, and computed again where it is damaged; the
 * version files are written; where the workspace's settings ask for it, a Qlib directory is kept in step, Parquet files are exported
 * and the store is backed up.
 */
export function afterCommit(workspace: string): readonly AfterCommit[] {
  return [
    { name: "validate", run: validateRun },
    {
      name: "versions",
      run: async ({ placed }) =>
        (await writeVersions(workspace, placed.store, placed.factors.registry)).files,
    },
    { name: "qlib", run: (committed) => keepQlibDirectory(workspace, committed) },
    { name: "parquet", run: (committed) => exportFiles(workspace, committed) },
    { name: "backup", run: (committed) => backUp(workspace, committed) },
  ];
}

async function validateRun(committed: CommittedRun): Promise<unknown> {
  if (committed.order.validate === false) return null;
  const { placed, order, signal } = committed;
  let report = await validated(committed);
  const broken = new Set([...report.damaged, ...report.wrong].map(({ block }) => block));
  if (broken.size > 0) {
    const { vwap } = order;
    const engine = { engine: version, ...(vwap === undefined ? {} : { vwap }) };
    await storeFactors(placed.store, placed.sets, { ...engine, damaged: broken, signal });
    report = await validated(committed);
  }
  if (!report.ok) throw new ValidationFailed(describeValidation(report, "en").slice(0, 5).join("; "));
  const { mode, score, level } = report;
  return { mode, score, level, computedAgain: broken.size };
}

/** Runs that computed little are looked at a little: a daily update is not held up by its validation. */
async function validated({ placed, order, report, signal }: CommittedRun): Promise<ValidationReport> {
  const { store, sets } = placed;
  const { vwap } = order;
  await using snapshot = await store.snapshot();
  const cells = snapshot.instruments.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  const isSmall = report.instrumentDays < cells / 4;
  return await validateFactors(snapshot, sets, {
    engine: engineOf({ engine: version, ...(vwap === undefined ? {} : { vwap }) }),
    store,
    seed: report.generation,
    ...(isSmall ? { blocks: 1, instruments: 2 } : {}),
    signal,
  });
}

async function keepQlibDirectory(workspace: string, { placed, signal }: CommittedRun): Promise<unknown> {
  const { qlib } = readSettings(workspace);
  if (qlib === null) return null;
  const daily = (await listStores(workspaceAt(workspace).stores)).filter(({ freq }) => freq === "day");
  const { store, factors } = placed;
  const dir = resolve(workspace, qlib.dir, ...(daily.length > 1 ? [store.key.calendar] : []));
  await using snapshot = await store.snapshot();
  const { registry } = factors;
  const { sets, extra } = qlib;
  return await updateQlibDirectory(store, snapshot, dir, {
    registry,
    engine: version,
    sets,
    extra,
    create: true,
    signal,
  });
}

async function exportFiles(workspace: string, { placed, signal }: CommittedRun): Promise<unknown> {
  const { parquet } = readSettings(workspace);
  if (parquet === null) return null;
  const { folder, ...content } = parquet;
  return await exportInstrumentFiles(placed.store, resolve(workspace, folder), {
    ...content,
    registry: placed.factors.registry,
    engine: version,
    signal,
  });
}

async function backUp(workspace: string, { placed, signal }: CommittedRun): Promise<unknown> {
  const { backup } = readSettings(workspace);
  if (backup === null || !backup.afterRun) return null;
  const { target, keep } = backup;
  const storage = backupTarget(placeOf(workspace, target), s3AccessOf(process.env));
  const { backups } = await backupWorkspace(workspaceAt(workspace), [placed.store.key], storage, {
    keep,
    signal,
  });
  return backups;
}

/** A folder of the settings is named from the workspace. */
function placeOf(workspace: string, target: string): string {
  return target.startsWith("s3://") ? target : resolve(workspace, target);
}

/** What was stored is not as it should be. */
class ValidationFailed extends Error {
  override readonly name = "ValidationFailed";
  readonly code = "PRECOMPUTE_INVALID";
  readonly remedy = "`alphaloom precompute verify` tells everything that was found";
}
