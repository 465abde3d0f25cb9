/** The coded errors of the server and of its client; what a job or a store refuses keeps its own code. */
export const apiErrors = {
  API_UNAUTHORIZED: "the request has no token, or a wrong one",
  API_HOST_REFUSED: "the request names a host that this server is not",
  API_REQUEST_INVALID: "the request is not what the contract says",
  API_ROUTE_UNKNOWN: "there is no such address",
  API_ADDRESS_IN_USE: "the port is taken",
  API_UNREACHABLE: "the server does not answer",
  API_ANSWER_INVALID: "the server's answer is not what the contract says",
  API_INTERNAL: "the server met a defect of its own",
} as const;

export type ApiErrorCode = keyof typeof apiErrors;

export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: ApiErrorCode;
  readonly remedy: string;

  constructor(
    code: ApiErrorCode,
    found: string,
    details: { readonly remedy: string; readonly cause?: unknown },
  ) {
    super(found, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.remedy = details.remedy;
  }
}
