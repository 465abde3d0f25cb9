import { createHash } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { AwsClient } from "aws4fetch";
import { DataError } from "../../errors.ts";
import type { S3Address } from "./address.ts";
import { urlOf } from "./address.ts";
import { S3Error } from "./errors.ts";
import { textOf } from "./xml.ts";

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** How requests are repeated; tests use short waits. */
export interface S3Patience {
  /** Tries of one request, the first included. */
  readonly attempts: number;
  /** The wait before try n + 1 is anything up to this × 2ⁿ, so that clients that failed together do not return together. */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
  /** A try is given up that has no answer, or not all of it, this long after its bytes should have passed a slow line. */
  readonly timeoutMs: number;
}

export const defaultPatience: S3Patience = {
  attempts: 8,
  firstWaitMs: 100,
  longestWaitMs: 10_000,
  timeoutMs: 60_000,
};

export interface S3Request {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** Full key; empty for the bucket. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Statuses beyond 2xx that the caller understands; all others are errors. */
  readonly accepts?: readonly number[];
}

export interface S3Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

export interface S3ClientOptions {
  readonly address: S3Address;
  readonly region: string;
  readonly credentials: S3Credentials;
  readonly patience?: Partial<S3Patience>;
  /** Uniform in [0, 1); spreads the waits. */
  readonly random?: () => number;
}

/** What one try came to when it is worth another. */
interface Setback {
  readonly status: number | null;
  readonly what: string;
  readonly cause?: unknown;
}

/** What a line carries at least. */
const SLOW_LINE_BYTES_PER_S = 32_768;

const PASSING = new Set([408, 429, 500, 502, 503, 504]);
const PASSING_CODES = new Set([
  "RequestTimeout",
  "SlowDown",
  "ConditionalRequestConflict",
  "OperationAborted",
]);

/**
 * Signed requests to one bucket (AWS Signature Version 4, the body's SHA-256 signed too), repeated while a later try may
 * do better. Every request made here may be repeated: writes carry conditions, so that a second effect is refused.
 */
export class S3Client {
  readonly address: S3Address;
  readonly #signer: AwsClient;
  readonly #patience: S3Patience;
  readonly #random: () => number;

  constructor(options: S3ClientOptions) {
    const { address, region, credentials } = options;
    this.address = address;
    this.#signer = new AwsClient({ ...credentials, region, service: "s3", retries: 0 });
    this.#patience = { ...defaultPatience, ...options.patience };
    this.#random = options.random ?? Math.random;
  }

  /** `s3://bucket/key`, for messages. */
  locate(key: string): string {
    return `s3://${this.address.bucket}/${key}`;
  }

  /** Throws S3_UNREACHABLE or S3_UNAVAILABLE when every try failed, other S3_… codes and DATA_NOT_PERMITTED at once. */
  async send(request: S3Request): Promise<S3Answer> {
    const { attempts, firstWaitMs, longestWaitMs } = this.#patience;
    for (let attempt = 1; ; attempt++) {
      const result = await this.#try(request);
      if ("headers" in result) return result;
      if (attempt >= attempts) throw this.#exhausted(request, result, attempt);
      await wait(this.#random() * Math.min(firstWaitMs * 2 ** attempt, longestWaitMs));
    }
  }

  async #try(request: S3Request): Promise<S3Answer | Setback> {
    const { method, key, query, headers, body, accepts = [] } = request;
    let answer: S3Answer;
    try {
      const signed = await this.#signer.sign(urlOf(this.address, key, query), {
        method,
        headers: { ...headers, "x-amz-content-sha256": sha256Of(body ?? new Uint8Array(0)) },
        ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }),
      });
      answer = await this.#exchange(signed, body?.length ?? 0);
    } catch (error) {
      if (!isBroken(error)) throw error;
      return { status: null, what: reasonOf(error), cause: error };
    }
    const { status } = answer;
    if (status >= 200 && status < 300 && !isErrorInside(request, answer)) return answer;
    const code = textOf(new TextDecoder().decode(answer.body), "Code") ?? "";
    if (accepts.includes(status) && code !== "NoSuchBucket") return answer;
    if (method === "HEAD" && status >= 400 && status < 500) return this.#reason(request, status);
    if (PASSING.has(status) || PASSING_CODES.has(code)) return { status, what: told(status, code) };
    throw this.#refusal(request, { status, code });
  }

  async #exchange(request: Request, sentBytes: number): Promise<S3Answer> {
    const controller = new AbortController();
    const giveUpAfter = (bytes: number): NodeJS.Timeout =>
      setTimeout(
        () => controller.abort(new DOMException("no answer in time", "TimeoutError")),
        this.#patience.timeoutMs + (bytes / SLOW_LINE_BYTES_PER_S) * 1000,
      );
    let timer = giveUpAfter(sentBytes);
    try {
      const response = await fetch(request, { redirect: "manual", signal: controller.signal });
      const { status, headers } = response;
      clearTimeout(timer);
      timer = giveUpAfter(Number(headers.get("content-length") ?? 0));
      return { status, headers, body: new Uint8Array(await response.arrayBuffer()) };
    } finally {
      clearTimeout(timer);
    }
  }

  /** The answer to HEAD has no body and so no code: asking for a byte of the object tells what is wrong. */
  async #reason({ key }: S3Request, status: number): Promise<Setback> {
    const told = await this.#try({
      method: "GET",
      key,
      headers: { range: "bytes=0-0" },
      accepts: [404, 416],
    });
    return "headers" in told ? { status, what: `status ${status}` } : told;
  }

  #exhausted(request: S3Request, setback: Setback, attempts: number): S3Error {
    const file = this.locate(request.key);
    const { status, what, cause } = setback;
    const details = { file, ...(cause === undefined ? {} : { cause }) };
    if (status === null) {
      return new S3Error(
        "S3_UNREACHABLE",
        `${this.address.endpoint} does not answer (${what}), ${attempts} tries`,
        {
          ...details,
          remedy:
            "check the endpoint and the network, then run the command again; it goes on where it stopped",
        },
      );
    }
    return new S3Error("S3_UNAVAILABLE", `${request.method} ${file}: ${what}, ${attempts} tries`, {
      ...details,
      remedy: "wait until the service has recovered, then run the command again; it goes on where it stopped",
    });
  }

  #refusal(request: S3Request, found: { readonly status: number; readonly code: string }): Error {
    const { method, key } = request;
    const file = this.locate(key);
    const { status, code } = found;
    const what = `${method} ${file}: ${told(status, code)}`;
    if (code === "RequestTimeTooSkewed") {
      return new S3Error("S3_CLOCK", what, { remedy: "set this machine's clock", file });
    }
    if (code === "NoSuchBucket") {
      const remedy = "make the bucket, or correct its name";
      return new S3Error("S3_BUCKET_MISSING", `there is no bucket ${this.address.bucket}`, { remedy, file });
    }
    if (status === 301 || status === 307 || code === "AuthorizationHeaderMalformed") {
      const remedy = "set AWS_REGION to the bucket's region, and an endpoint of that region";
      return new S3Error("S3_REGION", what, { remedy, file });
    }
    if (status === 501 && request.headers !== undefined && "if-none-match" in request.headers) {
      return conditionalWritesMissing(file);
    }
    const isWrite = method === "PUT" || method === "POST" || method === "DELETE";
    if (status === 403 && isWrite && (code === "AccessDenied" || code === "")) {
      // As for a folder that may only be read: readers go on without a pin.
      return new DataError("DATA_NOT_PERMITTED", what, {
        remedy: "give these credentials the right to write and delete objects there",
        place: { file },
      });
    }
    if (status === 401 || status === 403) {
      const remedy =
        "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the rights of that key to list, read and write there";
      return new S3Error("S3_DENIED", what, { remedy, file });
    }
    const remedy = "check that the service speaks the S3 protocol, and its own log for the reason";
    return new S3Error("S3_REFUSED", what, { remedy, file });
  }
}

export function conditionalWritesMissing(file: string): S3Error {
  return new S3Error(
    "S3_CONDITIONAL_WRITES",
    `the service at ${file} does not keep to If-None-Match and If-Match`,
    {
      remedy:
        "use a service or version that has conditional writes; without them two writers could undo each other's work",
      file,
    },
  );
}

/** Completing an upload may fail after the service has begun its answer with 200: then the answer is an error's. */
const isErrorInside = ({ method }: S3Request, { body }: S3Answer): boolean =>
  method === "POST" &&
  /^\s*(<\?xml[^>]*>\s*)?<Error[\s>]/.test(new TextDecoder().decode(body.subarray(0, 400)));

const told = (status: number, code: string): string =>
  code === "" ? `status ${status}` : `${code} (status ${status})`;

function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** What `fetch` throws for a connection that failed, broke off or took too long; not for what a programmer got wrong. */
function isBroken(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === "TimeoutError" || error.name === "AbortError") return true;
  return error instanceof TypeError && (error.cause instanceof Error || error.message === "terminated");
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error) return "code" in cause ? String(cause.code) : cause.message;
  return error.message;
}
