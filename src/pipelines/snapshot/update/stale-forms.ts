/**
 * Whether a form beside the rows may be out of date although no row is: a Qlib directory has market fields that the
 * snapshot's own columns need not have.
 */
import { qlibColumns } from "../write-derived.ts";
import type { UpdateQuestion } from "./update-plan.ts";

/**
 * True too where nobody knows, so that the forms are made anew and compared; a server's are then made anew only when
 * every row is compared. False while instruments cannot be read: the forms stay as they are.
 */
export async function areFormsStale(question: UpdateQuestion): Promise<boolean> {
  const { source, plan, state, compareAll, failed } = question;
  if (!plan.formats.includes("qlib-bin") || failed.size > 0) return false;
  if (compareAll || state === null) return true;
  const { generation } = state;
  if (generation === null || generation === source.generation || source.changedSince === undefined)
    return false;
  const written = await source.changedSince(generation, qlibColumns(source, plan));
  if (written === null) return true;
  const wanted = plan.instruments === null ? null : new Set(plan.instruments);
  return [...written].some(([instrument, from]) => from <= plan.end && wanted?.has(instrument) !== false);
}
