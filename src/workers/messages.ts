import type { TaskFailure } from "./task-failure.ts";

/** What the pool tells a thread. */
export interface TaskOrder {
  readonly task: string;
  readonly index: number;
  readonly input: unknown;
  readonly gate: Int32Array<SharedArrayBuffer>;
}

/** What a thread tells the pool. Every order is answered by exactly one `done` or `failed`. */
export type TaskReport =
  | { readonly kind: "posted"; readonly message: unknown }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly failure: TaskFailure };
