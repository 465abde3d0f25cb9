import { randomUUID } from "node:crypto";
import { DataError } from "../../errors.ts";
import type { DiskRead, FilePart, ReadOutcome } from "../disk.ts";
import type { Storage } from "../storage.ts";
import { checkAddress, keyOf } from "./address.ts";
import type { S3Credentials, S3Patience } from "./client.ts";
import { conditionalWritesMissing, S3Client } from "./client.ts";
import type { WriteCondition } from "./conditional-write.ts";
import { conditionHeaders, writeIdHeaders, writeOnce } from "./conditional-write.ts";
import { S3Error } from "./errors.ts";
import { inParallel } from "./in-parallel.ts";
import { abandonUploads, putInParts } from "./multipart.ts";
import { OrderedParts, rangesOf } from "./pieces.ts";
import { hasConditionalWrites } from "./probe.ts";
import { elementsOf, keyIn, textOf } from "./xml.ts";

export interface S3StorageOptions extends S3Credentials {
  /** `https://s3.<region>.amazonaws.com`, `http://127.0.0.1:9000`. */
  readonly endpoint: string;
  readonly bucket: string;
  /** Begins every key; empty for the whole bucket. */
  readonly prefix?: string;
  readonly region: string;
  /** `https://host/bucket/key` instead of `https://bucket.host/key`. */
  readonly pathStyle?: boolean;
  readonly patience?: Partial<S3Patience>;
  readonly random?: () => number;
  /** Objects from this size on are put in parts of it; S3 wants at least 5 MiB. */
  readonly partBytes?: number;
}

export interface S3Storage extends Storage {
  /** Throws S3_CONDITIONAL_WRITES where the service has none; `put` and `swap` ask this once before they write. */
  checkWritable(): Promise<void>;
  /** Ends uploads that were begun before a moment (milliseconds since 1970) and never completed; how many. */
  abandonUploads(begunBefore: number): Promise<number>;
}

const PART_BYTES = 2 ** 24;
const REQUESTS_AT_ONCE = 16;
/** Objects whose size was told last, so that a read sees whether they were replaced since. */
const REMEMBERED = 64;

/**
 * Storage in a bucket of an S3-compatible service. An object is durable when its put is answered, so that `flush` has
 * nothing to do. Files are made under `If-None-Match`, the manifest is replaced under `If-Match`; a write whose answer
 * was lost is looked up by its id. After Delta Lake's and Iceberg's commits by put-if-absent.
 *
 * Throws S3_… codes (errors.ts), DATA_NOT_PERMITTED where writing alone is denied, and STORE_CHANGED.
 */
export function s3Storage(options: S3StorageOptions): S3Storage {
  const { accessKeyId, secretAccessKey, sessionToken, region, patience, random } = options;
  const { endpoint, bucket, prefix = "", pathStyle = false, partBytes = PART_BYTES } = options;
  const address = checkAddress({ endpoint, bucket, prefix, pathStyle });
  const client = new S3Client({
    address,
    region,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    ...(patience === undefined ? {} : { patience }),
    ...(random === undefined ? {} : { random }),
  });
  const toldTags = new Map<string, string>();
  let writable: Promise<void> | null = null;

  const locate = (path: string): string => client.locate(keyOf(address, path)).replace(/\/$/, "");

  async function probe(): Promise<void> {
    if (!(await hasConditionalWrites(client, keyOf(address, ".probe"))))
      throw conditionalWritesMissing(locate(""));
  }

  function checkWritable(): Promise<void> {
    writable ??= probe().catch((error: unknown) => {
      writable = null;
      throw error;
    });
    return writable;
  }

  async function putWhole(path: string, bytes: Uint8Array, condition: WriteCondition): Promise<boolean> {
    const id = randomUUID();
    const headers = { ...conditionHeaders(condition), ...writeIdHeaders(id) };
    const request = { method: "PUT", key: keyOf(address, path), headers, body: bytes } as const;
    return (await writeOnce(client, request, id)) === "done";
  }

  function taken(path: string): S3Error {
    return new S3Error("S3_EXISTS", `${locate(path)} is there already`, {
      remedy: "run the command again: what an interrupted writer left is cleared first",
      file: locate(path),
    });
  }

  async function statusOf(path: string): Promise<{ readonly size: number; readonly etag: string } | null> {
    const { status, headers } = await client.send({
      method: "HEAD",
      key: keyOf(address, path),
      accepts: [404],
    });
    if (status === 404) return null;
    return { size: Number(headers.get("content-length") ?? 0), etag: headers.get("etag") ?? "" };
  }

  async function readRange(path: string, range: ReturnType<typeof rangesOf>[number], etag?: string) {
    const { from, to, fills } = range;
    const { status, body } = await client.send({
      method: "GET",
      key: keyOf(address, path),
      headers: { range: `bytes=${from}-${to - 1}`, ...(etag === undefined ? {} : { "if-match": etag }) },
      accepts: [404, 412, 416],
    });
    if (status === 404) return "missing";
    if (status === 412 || status === 416) return "short";
    const start = status === 206 ? from : 0;
    if (body.length < to - start) return "short";
    for (const { at, into } of fills) into.set(body.subarray(at - start, at - start + into.length));
    return "whole";
  }

  return {
    place: locate(""),
    locate,
    checkWritable,
    async put(path, parts: Iterable<FilePart>) {
      await checkWritable();
      const ordered = new OrderedParts(parts);
      if (ordered.bytes < partBytes) {
        if (!(await putWhole(path, ordered.slice(0, ordered.bytes), { absent: true }))) throw taken(path);
        return;
      }
      // Told before much is sent, and by services too that forget the condition when an upload is completed.
      if ((await statusOf(path)) !== null) throw taken(path);
      const object = { key: keyOf(address, path), parts: ordered, id: randomUUID() };
      if ((await putInParts(client, object, partBytes)) === "refused") throw taken(path);
    },
    /** Needs no condition to hold: the name of a mark is its maker's alone. So a store may be read where it may not be written. */
    async mark(path) {
      if (!(await putWhole(path, new Uint8Array(0), { absent: true }))) throw taken(path);
    },
    async read(path, reads: readonly DiskRead[]): Promise<ReadOutcome> {
      const etag = toldTags.get(path);
      toldTags.delete(path);
      const ranges = rangesOf(reads);
      const ends = reads.map(({ at, into }) => at + into.length);
      if (ranges.length === 0) {
        const found = await statusOf(path);
        if (found === null) return "missing";
        return ends.every((end) => end <= found.size) ? "whole" : "short";
      }
      const outcomes: ReadOutcome[] = [];
      await inParallel(ranges, REQUESTS_AT_ONCE, async (range) => {
        outcomes.push(await readRange(path, range, etag));
      });
      if (outcomes.includes("missing")) return "missing";
      return outcomes.includes("short") ? "short" : "whole";
    },
    async size(path) {
      const found = await statusOf(path);
      if (found === null) return null;
      toldTags.delete(path);
      toldTags.set(path, found.etag);
      if (toldTags.size > REMEMBERED) toldTags.delete(toldTags.keys().next().value!);
      return found.size;
    },
    async list(folder) {
      const below = keyOf(address, folder).replace(/\/$/, "");
      const start = below === "" ? "" : `${below}/`;
      const names: string[] = [];
      for (let token: string | null = ""; token !== null;) {
        const query = { "list-type": "2", delimiter: "/", prefix: start, "encoding-type": "url" };
        const { body } = await client.send({
          method: "GET",
          key: "",
          query: token === "" ? query : { ...query, "continuation-token": token },
        });
        const xml = new TextDecoder().decode(body);
        const contents = elementsOf(xml, "Contents").map((content) => textOf(content, "Key"));
        const folders = elementsOf(xml, "CommonPrefixes").map((common) => textOf(common, "Prefix"));
        for (const key of [...contents, ...folders]) {
          const name = keyIn(xml, key ?? "")
            .slice(start.length)
            .replace(/\/$/, "");
          if (name !== "") names.push(name);
        }
        token = textOf(xml, "IsTruncated") === "true" ? textOf(xml, "NextContinuationToken") : null;
      }
      return names;
    },
    async remove(paths) {
      await inParallel(paths, REQUESTS_AT_ONCE, async (path) => {
        await client.send({ method: "DELETE", key: keyOf(address, path), accepts: [404] });
      });
    },
    async flush() {},
    async swap(path, bytes, expected) {
      await checkWritable();
      const { status, headers, body } = await client.send({
        method: "GET",
        key: keyOf(address, path),
        accepts: [404],
      });
      const found = status === 404 ? null : body;
      const isExpected =
        found === null || expected === null ? found === expected : Buffer.compare(found, expected) === 0;
      const condition: WriteCondition =
        found === null ? { absent: true } : { etag: headers.get("etag") ?? '""' };
      if (isExpected && (await putWhole(path, bytes, condition))) return;
      throw new DataError("STORE_CHANGED", `${locate(path)} is not what this writer started from`, {
        remedy: "run the command again; if it happens again, look for two writers without a common lock",
        place: { file: locate(path) },
      });
    },
    abandonUploads: (begunBefore) => abandonUploads(client, begunBefore),
  };
}
