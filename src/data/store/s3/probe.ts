import { randomUUID } from "node:crypto";
import type { S3Client } from "./client.ts";
import { S3Error } from "./errors.ts";

/**
 * Whether the service keeps to the conditions that commits stand on, seen on an object made for it: a second
 * creation is refused, a replacement of what is not there any more is refused, that of what is there is done.
 */
export async function hasConditionalWrites(client: S3Client, key: string): Promise<boolean> {
  const probe = `${key}-${randomUUID()}`;
  const put = async (content: string, headers: Readonly<Record<string, string>>): Promise<Headers | null> => {
    const body = new TextEncoder().encode(content);
    const answer = await client.send({ method: "PUT", key: probe, headers, body, accepts: [404, 412] });
    return answer.status >= 400 ? null : answer.headers;
  };
  try {
    await put("first", { "if-none-match": "*" });
    if ((await put("second", { "if-none-match": "*" })) !== null) return false;
    const { headers } = await client.send({ method: "HEAD", key: probe });
    const etag = headers.get("etag");
    if (etag === null) return false;
    if ((await put("third", { "if-match": `"${"0".repeat(32)}"` })) !== null) return false;
    // After a lost answer the tag may have moved on by our own doing: what is there is what was asked for.
    if ((await put("fourth", { "if-match": etag })) !== null) return true;
    const { body } = await client.send({ method: "GET", key: probe });
    return new TextDecoder().decode(body) === "fourth";
  } catch (error) {
    if (error instanceof S3Error && error.code === "S3_CONDITIONAL_WRITES") return false;
    throw error;
  } finally {
    await client.send({ method: "DELETE", key: probe, accepts: [404] });
  }
}
