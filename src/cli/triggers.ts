import { resolve } from "node:path";
import { listStores } from "#data/store/open-store";
import type { Jobs } from "#jobs/jobs";
import { calendarNamed } from "#market/calendar/exchange-calendars";
import { watchSources } from "#pipelines/known-sources/watch-sources";
import { storeName, workspaceAt } from "#pipelines/workspace";
import type { CommandContext } from "./command.ts";
import { PRECOMPUTE } from "./precompute-kind.ts";
import { BACKUP, VALIDATE } from "./upkeep-kinds.ts";
import { readSettings, type WorkspaceSettings } from "./workspace-settings.ts";

/** Ids of the schedules that stand in the workspace's settings; others are left alone. */
const OWN = "settings-";

/** Makes the schedules of the settings those of the state database: new, changed and gone ones. */
export async function applySchedules({ workspace }: CommandContext, jobs: Jobs): Promise<void> {
  const wanted = await schedulesOf(workspace, readSettings(workspace));
  const ids = new Set(wanted.map(({ id }) => id));
  for (const { id } of await jobs.schedules()) {
    if (id.startsWith(OWN) && !ids.has(id)) await jobs.unschedule(id);
  }
  for (const order of wanted) await jobs.schedule(order);
}

async function schedulesOf(
  workspace: string,
  { precompute, backup, validation }: WorkspaceSettings,
): Promise<readonly Parameters<Jobs["schedule"]>[0][]> {
  const keys = (await listStores(workspaceAt(workspace).stores)).filter(({ freq }) => freq === "day");
  const orders: Parameters<Jobs["schedule"]>[0][] = [];
  for (const key of keys) {
    const store = storeName(key);
    const { timeZone } = calendarNamed(key.calendar);
    const place = { timeZone, store };
    if (precompute.schedule !== null) {
      const payload = { store, refresh: true };
      orders.push({
        id: idOf(PRECOMPUTE, place),
        kind: PRECOMPUTE,
        cron: precompute.schedule,
        timeZone,
        payload,
      });
    }
    if (validation !== null) {
      const payload = { store, mode: validation.mode };
      orders.push({
        id: idOf(VALIDATE, place),
        kind: VALIDATE,
        cron: validation.schedule,
        timeZone,
        payload,
      });
    }
  }
  const [first] = keys;
  if (backup !== null && backup.schedule !== null && first !== undefined) {
    const { timeZone } = calendarNamed(first.calendar);
    const target = backup.target.startsWith("s3://") ? backup.target : resolve(workspace, backup.target);
    const payload = { target, keep: backup.keep };
    orders.push({ id: `${OWN}${BACKUP}`, kind: BACKUP, cron: backup.schedule, timeZone, payload });
  }
  return orders;
}

function idOf(kind: string, { store }: { readonly store: string }): string {
  return `${OWN}${kind}-${store.replaceAll(/[^A-Za-z0-9]/g, "-")}`;
}

/** Watches the files of known sources where the settings ask for it; a change that has come to rest queues a run. */
export async function watchForChanges(
  { workspace, terminal }: CommandContext,
  jobs: Jobs,
  signal: AbortSignal,
): Promise<void> {
  const { watch } = readSettings(workspace).precompute;
  if (watch === null) return;
  await watchSources(workspaceAt(workspace), {
    quietMs: watch.quietSeconds * 1000,
    pollMs: watch.pollSeconds * 1000,
    signal,
    onDeaf: (folder, error) => terminal.warn(`${folder} is looked at, not listened to: ${error.message}`),
    async onChanged({ key }) {
      const store = storeName(key);
      try {
        const { id } = await jobs.submit(PRECOMPUTE, { store, refresh: true });
        terminal.line(`sources of ${store} changed: job ${id}`);
        return undefined;
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "JOB_RUNNING")) throw error;
        terminal.line(`sources of ${store} changed; a run is under way, the next look comes after it`);
        return "later";
      }
    },
  });
}
