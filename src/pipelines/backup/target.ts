import { resolve } from "node:path";
import { localStorage } from "#data/store/local-storage";
import { s3Storage, type S3Storage } from "#data/store/s3/s3-storage";
import type { Storage } from "#data/store/storage";
import { BackupError } from "./errors.ts";

/** How a bucket is reached; the command line takes it from the environment. */
export interface S3Access {
  /** `https://s3.<region>.amazonaws.com` unless told. */
  readonly endpoint?: string;
  readonly region?: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
  /** Path style with an endpoint of one's own, host style without, unless told. */
  readonly pathStyle?: boolean;
}

/** What the usual variables of the environment say about the access to buckets. */
export function s3AccessOf(environment: Readonly<Record<string, string | undefined>>): S3Access {
  const named = {
    endpoint: environment["AWS_ENDPOINT_URL_S3"] ?? environment["AWS_ENDPOINT_URL"],
    region: environment["AWS_REGION"] ?? environment["AWS_DEFAULT_REGION"],
    accessKeyId: environment["AWS_ACCESS_KEY_ID"],
    secretAccessKey: environment["AWS_SECRET_ACCESS_KEY"],
    sessionToken: environment["AWS_SESSION_TOKEN"],
  };
  const style = environment["ALPHALOOM_S3_PATH_STYLE"];
  return {
    ...Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined && value !== "")),
    ...(style === undefined ? {} : { pathStyle: style !== "0" && style !== "false" }),
  };
}

/**
 * The place backups go to: a folder, or `s3://bucket/prefix`. Throws BACKUP_TARGET, S3_ADDRESS. Nothing is read or
 * written yet.
 */
export function backupTarget(text: string, access: S3Access = {}): Storage {
  if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(text)) {
    if (text.trim() === "") {
      throw new BackupError("BACKUP_TARGET", "no target was named", {
        remedy: "name a folder, or s3://bucket/prefix",
      });
    }
    return localStorage(resolve(text));
  }
  const match = /^s3:\/\/([^/]+)(?:\/(.*))?$/.exec(text);
  if (match === null) {
    throw new BackupError("BACKUP_TARGET", `${text} is of no known kind`, {
      remedy: "name a folder, or s3://bucket/prefix",
    });
  }
  const { accessKeyId, secretAccessKey, sessionToken } = access;
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new BackupError("BACKUP_TARGET", `there are no credentials for ${text}`, {
      remedy: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    });
  }
  const region = access.region ?? "us-east-1";
  return s3Storage({
    endpoint: access.endpoint ?? `https://s3.${region}.amazonaws.com`,
    bucket: match[1]!,
    prefix: match[2] ?? "",
    region,
    pathStyle: access.pathStyle ?? access.endpoint !== undefined,
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
  });
}

export const isBucket = (target: Storage): target is S3Storage => "abandonUploads" in target;
