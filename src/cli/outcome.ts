import { systemFailure } from "./system-failure.ts";
import type { Terminal } from "./terminal.ts";

/** Exit codes of every command; docs/reference/cli.md lists them. */
export const exitCode = {
  ok: 0,
  failed: 1,
  usage: 2,
  completedWithErrors: 3,
  interrupted: 130,
} as const;

/** A command was called with options that do not go together. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly code = "CLI_USAGE";
  readonly remedy: string;

  constructor(found: string, remedy: string) {
    super(found);
    this.remedy = remedy;
  }
}

/** What every boundary's coded error looks like from here. */
interface CodedError {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly place?: Readonly<Record<string, string | number>>;
}

function isCoded(error: unknown): error is Error & CodedError {
  return (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    "remedy" in error &&
    typeof error.remedy === "string"
  );
}

/** Prints an error in the form both people and programs read; returns the exit code. */
export function reportFailure(terminal: Terminal, failure: unknown): number {
  const error = isCoded(failure) ? failure : (systemFailure(failure) ?? failure);
  if (error instanceof Error && error.name === "AbortError") {
    terminal.warn("interrupted: nothing unfinished was kept");
    terminal.result({ ok: false, error: { code: "CLI_INTERRUPTED", message: "interrupted" } });
    return exitCode.interrupted;
  }
  if (isCoded(error)) {
    const { code, message, remedy } = error;
    const place = error.place ?? {};
    const where = Object.entries(place).map(([key, value]) => `${key} ${value}`);
    terminal.warn(`error ${code}: ${message}`);
    if (where.length > 0) terminal.warn(`  where: ${where.join(", ")}`);
    terminal.warn(`  do: ${remedy}`);
    terminal.result({ ok: false, error: { code, message, remedy, place } });
    return error instanceof UsageError ? exitCode.usage : exitCode.failed;
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  terminal.warn(`error INTERNAL: ${message}`);
  terminal.warn("  do: this is a defect of Alphaloom; please report it with the lines above");
  terminal.result({ ok: false, error: { code: "INTERNAL", message } });
  return exitCode.failed;
}
