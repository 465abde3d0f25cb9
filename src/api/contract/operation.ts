/** One thing the server does: how it is asked for and what it answers. Server, client and documentation read the same. */
import type { z } from "zod";

export interface Operation<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Answer extends z.ZodType = z.ZodType,
> {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** `:name` stands for a parameter. */
  readonly path: string;
  readonly summary: string;
  /** Answered without a token. */
  readonly isOpen?: boolean;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** Of success. */
  readonly status: 200 | 202 | 204;
  readonly answer: Answer;
}

/** Says what an operation is and keeps its exact types. */
export function operation<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Answer extends z.ZodType,
>(said: Operation<Params, Query, Body, Answer>): Operation<Params, Query, Body, Answer> {
  return said;
}

/** What an operation is asked with, as the handler gets it. */
export interface AskedWith<Asked extends Operation> {
  readonly params: z.output<Asked["params"]>;
  readonly query: z.output<Asked["query"]>;
  readonly body: z.output<Asked["body"]>;
}

/** What an operation is asked with, as the caller gives it. */
export interface AskWith<Asked extends Operation> {
  readonly params?: z.input<Asked["params"]>;
  readonly query?: z.input<Asked["query"]>;
  readonly body?: z.input<Asked["body"]>;
}

export type AnswerOf<Asked extends Operation> = z.output<Asked["answer"]>;
