/** Asking a server for an operation of the contract. */
import type { z } from "zod";
import type { AnswerOf, AskWith, Operation } from "../contract/operation.ts";
import { problem, PROBLEM_TYPE } from "../contract/problem.ts";
import { ApiError } from "../errors.ts";
import { RemoteError } from "./remote-error.ts";

export interface ServerAddress {
  /** `http://127.0.0.1:PORT`. */
  readonly address: string;
  readonly token: string;
}

const TIMEOUT_MS = 30_000;

/** Throws what the server answered as `RemoteError`, API_UNREACHABLE, API_ANSWER_INVALID. */
export async function ask<Asked extends Operation>(
  server: ServerAddress,
  asked: Asked,
  given: AskWith<Asked> = {},
): Promise<AnswerOf<Asked>> {
  const response = await send(server, asked, given);
  const text = await response.text();
  const answer = parseAnswer(server, text);
  if (response.headers.get("content-type")?.startsWith(PROBLEM_TYPE) === true) {
    throw new RemoteError(checkedAnswer(server, problem, answer));
  }
  if (!response.ok) throw invalid(server, `it answered with status ${response.status}`);
  return checkedAnswer(server, asked.answer, answer) as AnswerOf<Asked>;
}

async function send(
  { address, token }: ServerAddress,
  { method, path }: Operation,
  { params, query, body }: AskWith<Operation>,
): Promise<Response> {
  const parameters = (params ?? {}) as Readonly<Record<string, string>>;
  const filled = path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(parameters[name] ?? ""));
  const url = new URL(filled, address);
  for (const [name, value] of Object.entries(
    (query ?? {}) as Readonly<Record<string, string | number | undefined>>,
  )) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  try {
    return await fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: "error",
    });
  } catch (cause) {
    throw new ApiError("API_UNREACHABLE", `the server at ${address} does not answer`, {
      remedy: "start it again with `alphaloom serve`; jobs go on where they were",
      cause,
    });
  }
}

function parseAnswer(server: ServerAddress, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw invalid(server, "it is no JSON");
  }
}

function checkedAnswer<Schema extends z.ZodType>(
  server: ServerAddress,
  schema: Schema,
  answer: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(server, `${issue!.path.join(".")}: ${issue!.message}`);
}

function invalid({ address }: ServerAddress, why: string): ApiError {
  return new ApiError("API_ANSWER_INVALID", `the answer of the server at ${address} cannot be read: ${why}`, {
    remedy: "stop the server and start the one of this version",
  });
}
