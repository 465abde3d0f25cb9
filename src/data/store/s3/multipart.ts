import type { S3Client, S3Request } from "./client.ts";
import type { WriteOutcome } from "./conditional-write.ts";
import { conditionHeaders, writeIdHeaders, writeOnce } from "./conditional-write.ts";
import { S3Error } from "./errors.ts";
import { inParallel } from "./in-parallel.ts";
import type { OrderedParts } from "./pieces.ts";
import { elementsOf, keyIn, textOf } from "./xml.ts";

const PARTS_AT_ONCE = 4;
const MOST_PARTS = 10_000;

/** Puts a large object in parts; it appears whole when the last request is answered, and only where there was none. */
export async function putInParts(
  client: S3Client,
  object: { readonly key: string; readonly parts: OrderedParts; readonly id: string },
  partBytes: number,
): Promise<WriteOutcome> {
  const { key, parts, id } = object;
  const began = await client.send({
    method: "POST",
    key,
    query: { uploads: "" },
    headers: writeIdHeaders(id),
  });
  const upload = textOf(new TextDecoder().decode(began.body), "UploadId");
  if (upload === null) {
    throw new S3Error("S3_REFUSED", `the service began no upload of ${client.locate(key)}`, {
      remedy: "check that the service speaks the S3 protocol",
      file: client.locate(key),
    });
  }
  try {
    const step = Math.max(partBytes, Math.ceil(parts.bytes / MOST_PARTS));
    const tags: string[] = Array.from({ length: Math.ceil(parts.bytes / step) }, () => "");
    await inParallel(tags.keys(), PARTS_AT_ONCE, async (index) => {
      const { headers } = await client.send({
        method: "PUT",
        key,
        query: { partNumber: String(index + 1), uploadId: upload },
        body: parts.slice(index * step, Math.min((index + 1) * step, parts.bytes)),
      });
      tags[index] = headers.get("etag") ?? "";
    });
    const outcome = await writeOnce(client, completion(key, upload, tags), id);
    if (outcome === "refused") await abandon(client, key, upload);
    return outcome;
  } catch (error) {
    // What cannot be abandoned now is found by abandonUploads later; the failure itself is what counts.
    await abandon(client, key, upload).catch(() => undefined);
    throw error;
  }
}

function completion(key: string, upload: string, tags: readonly string[]): S3Request {
  const list = tags.map(
    (tag, index) =>
      `<Part><PartNumber>${index + 1}</PartNumber><ETag>${tag.replaceAll("&", "&amp;")}</ETag></Part>`,
  );
  return {
    method: "POST",
    key,
    query: { uploadId: upload },
    headers: { ...conditionHeaders({ absent: true }), "content-type": "application/xml" },
    body: new TextEncoder().encode(`<CompleteMultipartUpload>${list.join("")}</CompleteMultipartUpload>`),
  };
}

async function abandon(client: S3Client, key: string, upload: string): Promise<void> {
  await client.send({ method: "DELETE", key, query: { uploadId: upload }, accepts: [404] });
}

/** Ends uploads below the prefix that were begun before a moment (milliseconds since 1970) and never completed; how many. */
export async function abandonUploads(client: S3Client, begunBefore: number): Promise<number> {
  const { prefix } = client.address;
  let marker: Readonly<Record<string, string>> = {};
  let abandoned = 0;
  for (;;) {
    const query = {
      uploads: "",
      "encoding-type": "url",
      ...(prefix === "" ? {} : { prefix: `${prefix}/` }),
      ...marker,
    };
    const { body } = await client.send({ method: "GET", key: "", query });
    const xml = new TextDecoder().decode(body);
    for (const upload of elementsOf(xml, "Upload")) {
      const key = textOf(upload, "Key");
      const id = textOf(upload, "UploadId");
      const begun = Date.parse(textOf(upload, "Initiated") ?? "");
      if (key === null || id === null || !(begun < begunBefore)) continue;
      await abandon(client, keyIn(xml, key), id);
      abandoned++;
    }
    const nextKey = textOf(xml, "NextKeyMarker");
    if (textOf(xml, "IsTruncated") !== "true" || nextKey === null) return abandoned;
    marker = {
      "key-marker": keyIn(xml, nextKey),
      "upload-id-marker": textOf(xml, "NextUploadIdMarker") ?? "",
    };
  }
}
