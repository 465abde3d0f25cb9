/**
 * A failure on its way between threads. Structured cloning keeps the message and stack of an error and drops the rest, so
 * code, remedy and place travel beside them and are put back.
 */
export interface TaskFailure {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

const FACTS = ["code", "remedy", "place", "column"] as const;

export function packFailure(thrown: unknown): TaskFailure {
  if (!(thrown instanceof Error)) {
    return { name: "Error", message: String(thrown), stack: String(thrown), facts: {} };
  }
  const facts: Record<string, unknown> = {};
  for (const fact of FACTS) {
    const value = (thrown as unknown as Record<string, unknown>)[fact];
    if (value !== undefined) facts[fact] = structuredClone(value);
  }
  return { name: thrown.name, message: thrown.message, stack: thrown.stack ?? thrown.message, facts };
}

/** An `Error` with the name, message, stack and facts of the one that was thrown; its class is not the same. */
export function unpackFailure({ name, message, stack, facts }: TaskFailure): Error {
  const error = new Error(message);
  error.name = name;
  error.stack = stack;
  return Object.assign(error, facts);
}
