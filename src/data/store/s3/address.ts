import { S3Error } from "./errors.ts";

/** Where a bucket is and how its objects are addressed. */
export interface S3Address {
  /** `https://s3.eu-central-1.amazonaws.com`, `http://127.0.0.1:9000`; a path below is kept. */
  readonly endpoint: string;
  readonly bucket: string;
  /** Begins every key; without slashes at its ends. Empty for the whole bucket. */
  readonly prefix: string;
  /** `https://host/bucket/key` instead of `https://bucket.host/key`. */
  readonly pathStyle: boolean;
}

/** Throws S3_ADDRESS on what could not be addressed, or would be something else once a URL is made of it. */
export function checkAddress(address: S3Address): S3Address {
  const { endpoint, bucket } = address;
  const prefix = address.prefix.replace(/^\/+|\/+$/g, "");
  const wrong = (found: string, remedy: string): S3Error =>
    new S3Error("S3_ADDRESS", found, { remedy, file: `s3://${bucket}/${prefix}` });
  if (!/^https?:\/\/[^/?#@]+(\/[^?#]*)?$/.test(endpoint) || !URL.canParse(endpoint)) {
    throw wrong(
      "the endpoint is not an address of the form https://host[:port]",
      "set the endpoint, without user name, password or query: AWS_ENDPOINT_URL=https://host",
    );
  }
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$/.test(bucket)) {
    throw wrong(`"${bucket}" cannot be the name of a bucket`, "write s3://bucket/prefix");
  }
  if (prefix.split("/").some((name) => name === "." || name === "..")) {
    throw wrong(`the prefix ${prefix} has a name that addresses cannot hold`, "leave out . and ..");
  }
  return { ...address, prefix };
}

/** Full key of a path below the prefix. Throws `RangeError` on `.` and `..`, which a URL would swallow. */
export function keyOf(address: S3Address, path: string): string {
  if (path.split("/").some((name) => name === "." || name === "..")) {
    throw new RangeError(`${path} cannot be the key of an object`);
  }
  return address.prefix === "" ? path : `${address.prefix}/${path}`;
}

/** The request's URL. An empty key is the bucket itself. */
export function urlOf(address: S3Address, key: string, query: Readonly<Record<string, string>> = {}): string {
  const endpoint = new URL(address.endpoint);
  const below = endpoint.pathname.replace(/\/+$/, "");
  const host = address.pathStyle ? endpoint.host : `${address.bucket}.${endpoint.host}`;
  const bucket = address.pathStyle ? `/${address.bucket}` : "";
  const names = Object.keys(query).map((name) => `${encoded(name)}=${encoded(query[name]!)}`);
  const search = names.length === 0 ? "" : `?${names.join("&")}`;
  const path = key.split("/").map(encoded).join("/");
  return `${endpoint.protocol}//${host}${below}${bucket}/${path}${search}`;
}

/** Percent-encoding as SigV4 wants it: everything but letters, digits and `-._~`. */
export function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
