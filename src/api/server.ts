/**
 * The HTTP server: every operation of the contract, failures as problems, a bearer token, and only on this machine's
 * own address. A page in a browser that points a name of its own at that address is refused by the host it names.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Socket } from "node:net";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { z } from "zod";
import type { Operation } from "./contract/operation.ts";
import { operations } from "./contract/index.ts";
import { PROBLEM_TYPE, type Problem } from "./contract/problem.ts";
import { ApiError } from "./errors.ts";
import { handlersOf, type Served } from "./handlers.ts";
import { internalProblem, problemOf } from "./problem-of.ts";

export interface AnswerOptions {
  /** What a request has to bear. */
  readonly token: string;
  /** Told of defects, with the request they happened in. */
  readonly report: (error: unknown, request: string) => void;
}

export interface ServerOptions extends AnswerOptions {
  /** 0: any that is free. */
  readonly port: number;
}

export interface RunningServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly address: string;
  /** Takes no more requests and ends those under way. */
  close(): Promise<void>;
}

/** Answers on connections that somebody else accepted. */
export interface Answering {
  take(connection: Socket): void;
  close(): Promise<void>;
}

const HOST = "127.0.0.1";
const BODY_LIMIT = 1024 * 1024;
const ownNames = new Set([HOST, "localhost", "[::1]"]);

/** Throws API_ADDRESS_IN_USE. */
export async function startServer(served: Served, options: ServerOptions): Promise<RunningServer> {
  const server = serverOf(served, options);
  const address = await listen(server, options.port);
  const close = async (): Promise<void> => {
    await server.close();
  };
  return { address, close, [Symbol.asyncDispose]: close };
}

/** A server without a port of its own, for who accepts connections long before it is known whether there will be any. */
export async function answer(served: Served, options: AnswerOptions): Promise<Answering> {
  const server = serverOf(served, options);
  await server.ready();
  return {
    take: (connection) => {
      server.server.emit("connection", connection);
      connection.resume();
    },
    close: async () => {
      server.server.closeAllConnections();
      await server.close();
    },
  };
}

function serverOf(served: Served, options: AnswerOptions): FastifyInstance {
  const server = fastify({
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 256 },
  });
  guard(server, options.token);
  answerProblems(server, options.report);
  const handlers = handlersOf(served);
  for (const [name, asked] of Object.entries(operations) as [keyof typeof operations, Operation][]) {
    const handle = handlers[name] as (asked: unknown) => unknown;
    server.route({
      method: asked.method,
      url: asked.path,
      config: { isOpen: asked.isOpen === true },
      handler: async (request, reply) => {
        const answer = await handle({
          params: checked(asked.params, request.params, "the path"),
          query: checked(asked.query, request.query, "the query"),
          body: checked(asked.body, request.body ?? undefined, "the body"),
        });
        return reply.code(asked.status).send(answer);
      },
    });
  }
  return server;
}

/** Refuses foreign hosts and, but for open operations, requests without the token. */
function guard(server: FastifyInstance, token: string): void {
  const expected = digestOf(`Bearer ${token}`);
  server.addHook("onRequest", async (request) => {
    const host = request.headers.host?.replace(/:\d+$/, "") ?? "";
    if (!ownNames.has(host)) {
      throw new ApiError("API_HOST_REFUSED", `this server is not ${JSON.stringify(host)}`, {
        remedy: `ask ${HOST} itself`,
      });
    }
    if ((request.routeOptions.config as { readonly isOpen?: boolean }).isOpen === true) return;
    if (timingSafeEqual(digestOf(request.headers.authorization ?? ""), expected)) return;
    throw new ApiError("API_UNAUTHORIZED", "the request does not bear the server's token", {
      remedy: "send `Authorization: Bearer TOKEN`; the token is in run/serve.json of the workspace",
    });
  });
}

function answerProblems(server: FastifyInstance, report: ServerOptions["report"]): void {
  server.setNotFoundHandler((request) => {
    throw new ApiError("API_ROUTE_UNKNOWN", `there is no ${request.method} ${pathOf(request)}`, {
      remedy: "docs/reference lists the addresses",
    });
  });
  server.setErrorHandler((error, request, reply) => {
    const told = problemOf(error) ?? malformed(error);
    if (told === null || told.status === 500) report(error, `${request.method} ${pathOf(request)}`);
    return sendProblem(reply, told ?? internalProblem);
  });
}

function sendProblem(reply: FastifyReply, told: Problem): FastifyReply {
  if (told.status === 401) void reply.header("www-authenticate", "Bearer");
  return reply.code(told.status).type(PROBLEM_TYPE).send(JSON.stringify(told));
}

/** What Fastify itself refuses: a body that is no JSON, too long, of another type. */
function malformed(error: unknown): Problem | null {
  if (!(error instanceof Error) || !("statusCode" in error)) return null;
  const status = Number(error.statusCode);
  if (!(status >= 400 && status < 500)) return null;
  const coded = new ApiError("API_REQUEST_INVALID", error.message, {
    remedy: "send a JSON body of at most 1 MB",
  });
  return { ...problemOf(coded)!, status };
}

/** Throws API_REQUEST_INVALID that says where and what. */
function checked(schema: z.ZodType, value: unknown, where: string): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ApiError(
    "API_REQUEST_INVALID",
    `${where}: ${z.prettifyError(parsed.error).replaceAll("\n", " ")}`,
    {
      remedy: "send what the contract says",
    },
  );
}

async function listen(server: FastifyInstance, port: number): Promise<string> {
  try {
    return await server.listen({ port, host: HOST });
  } catch (error) {
    await server.close();
    if (!(error instanceof Error && "code" in error && error.code === "EADDRINUSE")) throw error;
    throw new ApiError("API_ADDRESS_IN_USE", `port ${port} of ${HOST} is taken`, {
      remedy: "choose another with --port, or 0 for any that is free",
      cause: error,
    });
  }
}

const digestOf = (text: string): Buffer => createHash("sha256").update(text).digest();

const pathOf = (request: FastifyRequest): string => request.url.split("?", 1)[0]!;
