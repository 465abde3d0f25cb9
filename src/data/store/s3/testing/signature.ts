import { createHash, createHmac } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** What a signature is about, as the server received it. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query as they were on the wire. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

export interface KnownKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Why a request is refused, as S3 calls it. */
export type SignatureFault =
  | "AccessDenied"
  | "InvalidAccessKeyId"
  | "InvalidToken"
  | "AuthorizationHeaderMalformed"
  | "RequestTimeTooSkewed"
  | "XAmzContentSHA256Mismatch"
  | "SignatureDoesNotMatch";

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;
const SKEW_MS = 15 * 60_000;

const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");
const hmac = (key: Uint8Array | string, text: string): Buffer =>
  createHmac("sha256", key).update(text).digest();

/** Checks an AWS Signature Version 4 by computing it anew, after the service's own description of it. Null when it holds. */
export function signatureFault(
  request: SignedRequest,
  known: KnownKey,
  expected: { readonly region: string; readonly now: number },
): SignatureFault | null {
  const { headers } = request;
  const match = AUTHORIZATION.exec(headers.authorization ?? "");
  if (match === null) return "AccessDenied";
  const [, accessKeyId, day, region, names, signature] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  if (accessKeyId !== known.accessKeyId) return "InvalidAccessKeyId";
  if (known.sessionToken !== undefined && headers["x-amz-security-token"] !== known.sessionToken)
    return "InvalidToken";
  if (region !== expected.region) return "AuthorizationHeaderMalformed";
  const date = one(headers["x-amz-date"]);
  if (!date.startsWith(day) || !(Math.abs(momentOf(date) - expected.now) <= SKEW_MS))
    return "RequestTimeTooSkewed";
  const hash = one(headers["x-amz-content-sha256"]);
  if (hash !== "UNSIGNED-PAYLOAD" && hash !== sha256(request.body)) return "XAmzContentSHA256Mismatch";
  const signed = names.split(";");
  const mustBeSigned = ["host", ...Object.keys(headers).filter((name) => name.startsWith("x-amz-"))];
  if (!mustBeSigned.every((name) => signed.includes(name))) return "AccessDenied";
  const canonical = [
    request.method,
    canonicalPath(request.target),
    canonicalQuery(request.target),
    ...signed.map((name) => `${name}:${one(headers[name]).trim().replace(/ +/g, " ")}`),
    "",
    names,
    hash,
  ].join("\n");
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n");
  let key: Uint8Array = hmac(`AWS4${known.secretAccessKey}`, day);
  for (const step of [region, "s3", "aws4_request"]) key = hmac(key, step);
  return hmac(key, text).toString("hex") === signature ? null : "SignatureDoesNotMatch";
}

const one = (value: string | string[] | undefined): string =>
  value === undefined ? "" : typeof value === "string" ? value : value.join(",");

function momentOf(date: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date);
  if (match === null) return Number.NaN;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  return Date.UTC(year!, month! - 1, day, hour, minute, second);
}

const unreserved = /[A-Za-z0-9._~-]/;

function uriEncoded(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => {
    const sign = String.fromCharCode(byte);
    return unreserved.test(sign) ? sign : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}

function canonicalPath(target: string): string {
  const path = target.split("?", 1)[0]!;
  return path
    .split("/")
    .map((name) => uriEncoded(decodeURIComponent(name)))
    .join("/");
}

function canonicalQuery(target: string): string {
  const query = target.split("?").slice(1).join("?");
  if (query === "") return "";
  const pairs = query.split("&").map((pair) => {
    const [name, ...value] = pair.split("=");
    return [uriEncoded(decodeURIComponent(name!)), uriEncoded(decodeURIComponent(value.join("=")))];
  });
  return pairs
    .map((pair) => pair.join("="))
    .sort((left, right) => (left < right ? -1 : 1))
    .join("&");
}
