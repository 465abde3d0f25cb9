import type { S3Client, S3Request } from "./client.ts";
import { S3Error } from "./errors.ts";

/** Every write carries an id of its own, so that a writer which lost the answer can see whether it was his that arrived. */
const WRITE_ID = "x-amz-meta-alphaloom-write";

/** `refused`: the condition did not hold, and it was not this write that made it so. */
export type WriteOutcome = "done" | "refused";

/** What a write is made under: only when nothing is there, or when what is there has this entity tag. */
export type WriteCondition = { readonly absent: true } | { readonly etag: string };

export const conditionHeaders = (condition: WriteCondition): Readonly<Record<string, string>> =>
  "etag" in condition ? { "if-match": condition.etag } : { "if-none-match": "*" };

export const writeIdHeaders = (id: string): Readonly<Record<string, string>> => ({ [WRITE_ID]: id });

/** Statuses with which a service refuses a condition: it does not hold, or what it is about is gone. */
const REFUSALS = [412, 404];

/**
 * A write under a condition whose outcome is known when it returns. The condition lets it take effect once however
 * often it is sent. A refusal after an answer was lost may be the effect of the lost one: the object's write id tells.
 */
export async function writeOnce(client: S3Client, request: S3Request, id: string): Promise<WriteOutcome> {
  try {
    const { status } = await client.send({ ...request, accepts: REFUSALS });
    if (!REFUSALS.includes(status)) return "done";
  } catch (error) {
    if (!(error instanceof S3Error && (error.code === "S3_UNREACHABLE" || error.code === "S3_UNAVAILABLE")))
      throw error;
    if (!(await isThere(client, request.key, id).catch(() => false))) throw error;
    return "done";
  }
  return (await isThere(client, request.key, id)) ? "done" : "refused";
}

async function isThere(client: S3Client, key: string, id: string): Promise<boolean> {
  const { status, headers } = await client.send({ method: "HEAD", key, accepts: [404] });
  return status !== 404 && headers.get(WRITE_ID) === id;
}
