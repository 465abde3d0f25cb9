import { z } from "zod";
import { DataError } from "#data/errors";
import { listStores } from "#data/store/open-store";
import type { AnyJobKind, JobKind } from "#jobs/job-kind";
import { backupTarget, s3AccessOf } from "#pipelines/backup/target";
import { backupWorkspace } from "#pipelines/backup/workspace-backups";
import { engineOf } from "#pipelines/precompute/factor-parts";
import { placeOrder, resolveOrder } from "#pipelines/precompute/order";
import { describeValidation } from "#pipelines/precompute/validation/describe";
import { validateFactors } from "#pipelines/precompute/validation/validate-factors";
import { workspaceAt } from "#pipelines/workspace";
import { version } from "./version.ts";

/** Work that keeps a workspace in order, as jobs of one shard: backups and validations, for schedules. */
export function upkeepKinds(workspace: string): readonly AnyJobKind[] {
  return [backupKind(workspace), validateKind(workspace)] as readonly AnyJobKind[];
}

export const BACKUP = "backup";
export const VALIDATE = "validate";

const backupOrder = z.strictObject({ target: z.string().min(1), keep: z.int().min(1).optional() });

function backupKind(workspace: string): JobKind<z.infer<typeof backupOrder>, null, unknown, unknown> {
  return single({
    name: BACKUP,
    title: { zh: "备份", en: "Backup" },
    order: backupOrder,
    async run({ target, keep }, signal) {
      const place = workspaceAt(workspace);
      const keys = await listStores(place.stores);
      const storage = backupTarget(target, s3AccessOf(process.env));
      const options = { signal, ...(keep === undefined ? {} : { keep }) };
      return { result: await backupWorkspace(place, keys, storage, options), failures: 0 };
    },
  });
}

const validateOrder = z.strictObject({
  store: z.string(),
  mode: z.enum(["fast", "sample", "full"]).default("full"),
});

function validateKind(workspace: string): JobKind<z.infer<typeof validateOrder>, null, unknown, unknown> {
  return single({
    name: VALIDATE,
    title: { zh: "校验预计算数据", en: "Validate precomputed data" },
    order: validateOrder,
    async run({ store: name, mode }, signal, log) {
      const { store, sets } = await placeOrder(workspace, await resolveOrder(workspace, { store: name }));
      await using snapshot = await store.snapshot();
      const engine = engineOf({ engine: version });
      const report = await validateFactors(snapshot, sets, { engine, store, mode, signal });
      for (const line of describeValidation(report, "en")) log(line, report.ok ? "info" : "error");
      return { result: report, failures: report.ok ? 0 : report.findings.length };
    },
  });
}

/** A kind whose jobs are one step. */
function single<Order>(what: {
  readonly name: string;
  readonly title: { readonly zh: string; readonly en: string };
  readonly order: z.ZodType<Order>;
  run(
    order: Order,
    signal: AbortSignal,
    log: (message: string, level: "info" | "error") => void,
  ): Promise<{ readonly result: unknown; readonly failures: number }>;
}): JobKind<Order, null, unknown, unknown> {
  return {
    name: what.name,
    title: what.title,
    exclusive: () => what.name,
    check(payload) {
      const parsed = what.order.safeParse(payload);
      if (parsed.success) return parsed.data;
      throw new DataError("DATA_VALUE_INVALID", z.prettifyError(parsed.error), {
        remedy: `correct what is asked of ${what.name}`,
      });
    },
    isPermanent: (error) => error instanceof DataError,
    plan: () => Promise.resolve({ shards: [{ work: 1, input: null }], totals: {} }),
    async run(_shard, context) {
      const done = await what.run(context.payload, context.signal, (message, level) =>
        context.log({ level, message }),
      );
      return { ...done, done: {} };
    },
    finish: (shards) =>
      Promise.resolve({
        summary: shards[0]?.result ?? null,
        partial: shards.some(({ failures }) => failures > 0),
      }),
  };
}
