/** The coded errors of S3-compatible storage. No message ever holds a credential or what a service echoed of one. */
export const s3Errors = {
  S3_ADDRESS: "the address of the bucket is not of a known form",
  S3_UNREACHABLE: "the service did not answer",
  S3_UNAVAILABLE: "the service goes on to refuse requests for the time being",
  S3_DENIED: "the service does not accept these credentials for this",
  S3_CLOCK: "the clocks of this machine and of the service differ too much",
  S3_REGION: "the bucket is in another region",
  S3_BUCKET_MISSING: "there is no such bucket",
  S3_CONDITIONAL_WRITES: "the service does not keep to the conditions of a write",
  S3_EXISTS: "there is an object already where one was to be made",
  S3_REFUSED: "the service refused a request",
} as const;

export type S3ErrorCode = keyof typeof s3Errors;

export class S3Error extends Error {
  override readonly name = "S3Error";
  readonly code: S3ErrorCode;
  readonly remedy: string;
  readonly place: { readonly file: string };

  constructor(
    code: S3ErrorCode,
    found: string,
    details: { readonly remedy: string; readonly file: string; readonly cause?: unknown },
  ) {
    super(found, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.remedy = details.remedy;
    this.place = { file: details.file };
  }
}
