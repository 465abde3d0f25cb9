import { describeValidation } from "#pipelines/precompute/validation/describe";
import { engineOf } from "#pipelines/precompute/factor-parts";
import { validateFactors } from "#pipelines/precompute/validation/validate-factors";
import type { AfterCommit } from "./precompute-kind.ts";
import { version } from "./version.ts";

/** What follows every precompute run, in this order. */
export const afterCommit: readonly AfterCommit[] = [{ name: "validate", run: validateRun }];

/** A sample of what was stored is looked at and computed again by the reference; a score below par is a problem. */
async function validateRun({ placed, order, signal }: Parameters<AfterCommit["run"]>[0]): Promise<unknown> {
  if (order.validate === false) return null;
  const { store, sets } = placed;
  const { vwap } = order;
  await using snapshot = await store.snapshot();
  const report = await validateFactors(snapshot, sets, {
    engine: engineOf({ engine: version, ...(vwap === undefined ? {} : { vwap }) }),
    store,
    signal,
  });
  if (!report.ok) throw new ValidationFailed(describeValidation(report, "en").slice(0, 5).join("; "));
  const { mode, score, level } = report;
  return { mode, score, level };
}

/** What was stored is not as it should be. */
class ValidationFailed extends Error {
  override readonly name = "ValidationFailed";
  readonly code = "PRECOMPUTE_INVALID";
  readonly remedy = "`alphaloom precompute verify` tells everything that was found";
}
