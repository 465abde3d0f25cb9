import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import type { S3StorageOptions } from "../s3-storage.ts";
import type { KnownKey } from "./signature.ts";
import { signatureFault } from "./signature.ts";

/** What goes wrong with a request. */
export type Fault =
  /** An answer of this status, and no effect. */
  | { readonly kind: "status"; readonly status: number; readonly code?: string }
  /** The connection breaks before anything happens. */
  | { readonly kind: "refused" }
  /** It happens, and the connection breaks before the answer. */
  | { readonly kind: "lost" }
  /** It happens, and half of the answer's body arrives. */
  | { readonly kind: "cut" }
  | { readonly kind: "slow"; readonly ms: number };

export interface SeenRequest {
  readonly method: string;
  readonly key: string;
  readonly query: URLSearchParams;
  /** How many requests came before this one. */
  readonly number: number;
}

export type FaultScript = (request: SeenRequest) => Fault | null;

interface StoredObject {
  readonly bytes: Uint8Array;
  readonly etag: string;
  readonly meta: Readonly<Record<string, string>>;
  readonly modified: number;
}

interface Upload {
  readonly key: string;
  readonly meta: Readonly<Record<string, string>>;
  readonly begun: number;
  readonly parts: Map<number, { readonly bytes: Uint8Array; readonly etag: string }>;
}

export interface FakeS3Options {
  /** `ignored`: conditions have no effect, `unknown`: they are answered with 501. Kept to unless told. */
  readonly conditions?: "kept" | "ignored" | "unknown";
  /** Names in one answer of a listing. */
  readonly pageSize?: number;
  /** Smallest part but the last. */
  readonly partBytes?: number;
  readonly sessionToken?: string;
  /** Keys in listings are as they are, whatever was asked for. */
  readonly plainKeys?: boolean;
  /** What the server's clock is ahead. */
  readonly aheadMs?: number;
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

const KEY: KnownKey = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalr/secret+key" };
const REGION = "eu-test-1";
const BUCKET = "test-bucket";

const md5 = (bytes: Uint8Array | string): string => createHash("md5").update(bytes).digest("hex");
const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
const formEncoded = (text: string): string =>
  encodeURIComponent(text).replaceAll("%20", "+").replaceAll("%2F", "/");
const problem = (status: number, code: string): Answer => ({
  status,
  body: `<?xml version="1.0"?>\n<Error><Code>${code}</Code><Message>of the fake</Message></Error>`,
});

/**
 * An S3 server for tests over real HTTP: one bucket in memory. It checks signatures by itself, keeps to conditions,
 * ranges, parts and pages as the service does, and goes wrong where the script says.
 */
export class FakeS3 implements AsyncDisposable {
  readonly objects = new Map<string, StoredObject>();
  readonly uploads = new Map<string, Upload>();
  readonly log: SeenRequest[] = [];
  script: FaultScript | null = null;
  readonly #options: FakeS3Options;
  readonly #server;
  #port = 0;

  private constructor(options: FakeS3Options) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        response.destroy(error instanceof Error ? error : new Error(String(error)));
      });
    });
  }

  static async start(options: FakeS3Options = {}): Promise<FakeS3> {
    const server = new FakeS3(options);
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    server.#port = (server.#server.address() as AddressInfo).port;
    return server;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Options that reach this server, without long waits. */
  storageOptions(change: Partial<S3StorageOptions> = {}): S3StorageOptions {
    const { sessionToken } = this.#options;
    return {
      ...KEY,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      endpoint: this.endpoint,
      bucket: BUCKET,
      prefix: "some/prefix",
      region: REGION,
      pathStyle: true,
      patience: { attempts: 4, firstWaitMs: 1, longestWaitMs: 2, timeoutMs: 10_000 },
      ...change,
    };
  }

  /** Objects by key, for comparison. */
  contents(): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.objects].map(([key, { bytes }]) => [key, bytes]));
  }

  /** Replaces an object's content behind everybody's back. */
  tamper(key: string, bytes: Uint8Array): void {
    this.objects.set(key, { bytes, etag: `"${md5(bytes)}"`, meta: {}, modified: Date.now() });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = new Uint8Array(Buffer.concat(chunks));
    const { method = "", url: target = "" } = request;
    const url = new URL(target, this.endpoint);
    const [, bucket = "", ...names] = url.pathname.split("/").map(decodeURIComponent);
    const seen = { method, key: names.join("/"), query: url.searchParams, number: this.log.length };
    this.log.push(seen);
    const fault = this.script?.(seen) ?? null;
    if (fault?.kind === "refused") return void request.socket.destroy();
    if (fault?.kind === "slow") await wait(fault.ms);
    const invalid = signatureFault({ method, target, headers: request.headers, body }, this.#key(), {
      region: REGION,
      now: Date.now() + (this.#options.aheadMs ?? 0),
    });
    let answer: Answer;
    if (invalid !== null) answer = problem(invalid === "AuthorizationHeaderMalformed" ? 400 : 403, invalid);
    else if (fault?.kind === "status") answer = problem(fault.status, fault.code ?? "");
    else if (bucket !== BUCKET) answer = problem(404, "NoSuchBucket");
    else answer = this.#answer(seen, request, body);
    if (fault?.kind === "lost") return void request.socket.destroy();
    const bytes = typeof answer.body === "string" ? new TextEncoder().encode(answer.body) : answer.body;
    const length = bytes?.length ?? 0;
    response.writeHead(answer.status, { "content-length": length, ...answer.headers });
    if (method === "HEAD" || bytes === undefined) return void response.end();
    if (fault?.kind !== "cut") return void response.end(bytes);
    response.write(bytes.subarray(0, length >> 1), () => request.socket.destroy());
  }

  #key(): KnownKey {
    const { sessionToken } = this.#options;
    return sessionToken === undefined ? KEY : { ...KEY, sessionToken };
  }

  #answer(seen: SeenRequest, request: IncomingMessage, body: Uint8Array): Answer {
    const { method, key, query } = seen;
    if (key === "") return query.has("uploads") ? this.#listUploads(query) : this.#list(query);
    if (method === "POST" && query.has("uploads")) return this.#begin(key, metaOf(request));
    if (query.has("uploadId")) return this.#ofUpload(seen, request, body);
    if (method === "PUT")
      return this.#put(key, { bytes: body, etag: `"${md5(body)}"`, meta: metaOf(request) }, request);
    if (method === "GET" || method === "HEAD") return this.#get(key, request);
    if (method === "DELETE") {
      this.objects.delete(key);
      return { status: 204 };
    }
    return problem(405, "MethodNotAllowed");
  }

  /** Refuses a write whose condition does not hold. */
  #condition(key: string, request: IncomingMessage): Answer | null {
    const { conditions = "kept" } = this.#options;
    const absent = request.headers["if-none-match"];
    const match = request.headers["if-match"];
    if ((absent === undefined && match === undefined) || conditions === "ignored") return null;
    if (conditions === "unknown") return problem(501, "NotImplemented");
    const found = this.objects.get(key);
    if (absent !== undefined && found !== undefined) return problem(412, "PreconditionFailed");
    if (match !== undefined && found === undefined) return problem(404, "NoSuchKey");
    if (match !== undefined && found!.etag !== match) return problem(412, "PreconditionFailed");
    return null;
  }

  #put(key: string, object: Omit<StoredObject, "modified">, request: IncomingMessage): Answer {
    const refused = this.#condition(key, request);
    if (refused !== null) return refused;
    this.objects.set(key, { ...object, modified: Date.now() });
    return { status: 200, headers: { etag: object.etag } };
  }

  #get(key: string, request: IncomingMessage): Answer {
    const found = this.objects.get(key);
    if (found === undefined) return problem(404, "NoSuchKey");
    const { bytes, etag, meta } = found;
    const match = request.headers["if-match"];
    if (match !== undefined && match !== etag) return problem(412, "PreconditionFailed");
    const headers = { etag, ...meta };
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    if (range === null)
      return { status: 200, headers: { ...headers, "content-length": String(bytes.length) }, body: bytes };
    const from = Number(range[1]);
    const to = Math.min(Number(range[2]) + 1, bytes.length);
    if (from >= bytes.length) return problem(416, "InvalidRange");
    return {
      status: 206,
      headers: { ...headers, "content-range": `bytes ${from}-${to - 1}/${bytes.length}` },
      body: bytes.subarray(from, to),
    };
  }

  #list(query: URLSearchParams): Answer {
    const prefix = query.get("prefix") ?? "";
    const after = query.get("continuation-token") ?? "";
    const isEncoded = query.get("encoding-type") === "url" && this.#options.plainKeys !== true;
    const encoding = isEncoded ? "<EncodingType>url</EncodingType>" : "";
    const entries = new Map<string, string>();
    for (const key of [...this.objects.keys()].sort()) {
      if (!key.startsWith(prefix)) continue;
      const slash = key.indexOf("/", prefix.length);
      const isFolder = query.get("delimiter") === "/" && slash >= 0;
      const name = isFolder ? key.slice(0, slash + 1) : key;
      const shown = escaped(isEncoded ? formEncoded(name) : name);
      const size = this.objects.get(key)!.bytes.length;
      entries.set(
        name,
        isFolder
          ? `<CommonPrefixes><Prefix>${shown}</Prefix></CommonPrefixes>`
          : `<Contents><Key>${shown}</Key><Size>${size}</Size></Contents>`,
      );
    }
    const names = [...entries.keys()].filter((name) => name > after);
    const page = names.slice(0, this.#options.pageSize ?? 1000);
    const isCut = page.length < names.length;
    const next = isCut ? `<NextContinuationToken>${escaped(page.at(-1)!)}</NextContinuationToken>` : "";
    const body = page.map((name) => entries.get(name)!).join("");
    return {
      status: 200,
      body: `<?xml version="1.0"?>\n<ListBucketResult xmlns="x"><Prefix>${escaped(prefix)}</Prefix>${encoding}<IsTruncated>${isCut}</IsTruncated>${next}${body}</ListBucketResult>`,
    };
  }

  #begin(key: string, meta: Readonly<Record<string, string>>): Answer {
    const id = `${randomUUID()}+/=`;
    this.uploads.set(id, { key, meta, begun: Date.now(), parts: new Map() });
    return {
      status: 200,
      body: `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
    };
  }

  #ofUpload({ method, key, query }: SeenRequest, request: IncomingMessage, body: Uint8Array): Answer {
    const id = query.get("uploadId")!;
    const upload = this.uploads.get(id);
    if (upload === undefined || upload.key !== key) return problem(404, "NoSuchUpload");
    if (method === "PUT") {
      const etag = `"${md5(body)}"`;
      upload.parts.set(Number(query.get("partNumber")), { bytes: body, etag });
      return { status: 200, headers: { etag } };
    }
    if (method === "DELETE") {
      this.uploads.delete(id);
      return { status: 204 };
    }
    return this.#complete(upload, id, { request, list: new TextDecoder().decode(body) });
  }

  #complete(
    upload: Upload,
    id: string,
    told: { readonly request: IncomingMessage; readonly list: string },
  ): Answer {
    const parts: Uint8Array[] = [];
    const listed = [...told.list.matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>([^<]*)<\/ETag>/g)];
    for (const [index, [, number, etag]] of listed.entries()) {
      const part = upload.parts.get(Number(number));
      if (part === undefined || part.etag !== etag!.replaceAll("&quot;", '"'))
        return problem(400, "InvalidPart");
      const isSmall = part.bytes.length < (this.#options.partBytes ?? 5 * 2 ** 20);
      if (isSmall && index < listed.length - 1) return problem(400, "EntityTooSmall");
      parts.push(part.bytes);
    }
    const bytes = new Uint8Array(Buffer.concat(parts));
    const etag = `"${md5(bytes)}-${parts.length}"`;
    const answer = this.#put(upload.key, { bytes, etag, meta: upload.meta }, told.request);
    if (answer.status !== 200) return answer;
    this.uploads.delete(id);
    return {
      status: 200,
      body: `<CompleteMultipartUploadResult><ETag>${escaped(etag)}</ETag></CompleteMultipartUploadResult>`,
    };
  }

  #listUploads(query: URLSearchParams): Answer {
    const prefix = query.get("prefix") ?? "";
    const after = query.get("upload-id-marker") ?? "";
    const all = [...this.uploads].filter(([id, { key }]) => key.startsWith(prefix) && id > after);
    all.sort(([left], [right]) => (left < right ? -1 : 1));
    const page = all.slice(0, this.#options.pageSize ?? 1000);
    const body = page.map(
      ([id, { key, begun }]) =>
        `<Upload><Key>${formEncoded(key)}</Key><UploadId>${id}</UploadId><Initiated>${new Date(begun).toISOString()}</Initiated></Upload>`,
    );
    const last = page.at(-1);
    const isCut = page.length < all.length;
    const next = isCut
      ? `<NextKeyMarker>${formEncoded(last![1].key)}</NextKeyMarker><NextUploadIdMarker>${last![0]}</NextUploadIdMarker>`
      : "";
    return {
      status: 200,
      body: `<ListMultipartUploadsResult><EncodingType>url</EncodingType><IsTruncated>${isCut}</IsTruncated>${next}${body.join("")}</ListMultipartUploadsResult>`,
    };
  }
}

function metaOf(request: IncomingMessage): Record<string, string> {
  const all = Object.entries(request.headers).filter(([name]) => name.startsWith("x-amz-meta-"));
  return Object.fromEntries(all.map(([name, value]) => [name, String(value)]));
}
