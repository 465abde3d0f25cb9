/** What became of a known source when it was looked at, and what a person is told of one that could not be read. */
import { DataError, type DataErrorPlace } from "#data/errors";
import type { ImportResult } from "#data/ingest/import-result";
import type { FileChange } from "#data/sources/fingerprint/source-fingerprint";
import { MarketError } from "#market/errors";
import type { KnownSource } from "./known-source.ts";
import type { SourceChanges } from "./source-changes.ts";

/** What a person is told of a source that could not be brought up to date. */
export interface SourceProblem {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly place: DataErrorPlace;
}

export type SourceOutcome = {
  /** Null for a record that could not be read. */
  readonly id: string | null;
  readonly locator: string;
} & (
  | { readonly kind: "unchanged" }
  | {
      readonly kind: "imported";
      /** Empty when the files are the same: a source before it, or the store, made the import necessary. */
      readonly changes: readonly FileChange[];
      /** What was read, in words; null when it was everything. */
      readonly part: string | null;
      readonly result: ImportResult;
      /** Files that are gone besides. */
      readonly missing: SourceProblem | null;
    }
  | { readonly kind: "missing"; readonly files: readonly string[]; readonly problem: SourceProblem }
  | { readonly kind: "failed"; readonly problem: SourceProblem }
);

/** That files are gone takes nothing out of the store; it is said until an import is asked for. */
export function goneProblem(known: KnownSource, { compared }: SourceChanges): SourceProblem {
  const paths = compared.gone.map(({ path }) => path);
  const which =
    paths.length === 0
      ? known.place
      : paths.length === 1
        ? paths[0]!
        : `${paths[0]!} and ${paths.length - 1} others`;
  return {
    code: "DATA_FILE_MISSING",
    message: `${known.locator}: ${which} ${paths.length > 1 ? "are" : "is"} gone; what was imported stays`,
    remedy: "restore the files, or import the source again so that only the files there are count",
    place: { file: paths[0] ?? known.place },
  };
}

/** What is wrong with one source; anything that would stop the next one too is thrown. */
export function ownProblem(error: unknown, signal: AbortSignal | undefined): SourceProblem {
  signal?.throwIfAborted();
  if (error instanceof MarketError) return problemOf(error);
  if (!(error instanceof DataError)) throw error;
  if (
    error.code.startsWith("STORE_") ||
    error.code === "DATA_DISK_FULL" ||
    error.code === "DATA_MEMORY_LIMIT"
  )
    throw error;
  return problemOf(error);
}

export function problemOf(error: DataError | MarketError): SourceProblem {
  const { code, message, remedy } = error;
  return { code, message, remedy, place: error instanceof DataError ? error.place : {} };
}
