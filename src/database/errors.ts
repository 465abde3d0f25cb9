/**
 * The coded errors of the state database: opening, holding, migrating, reaching it. What a statement itself violates
 * is a `SqlError`, which callers that expect it tell apart by its SQLSTATE.
 */
export const databaseErrors = {
  DATABASE_LOCKED: "another process has the state database open",
  DATABASE_DOWN: "the state database cannot be reached",
  DATABASE_REFUSED: "the database server refuses this user, password or database",
  DATABASE_URL_INVALID: "the database's address is not a PostgreSQL one",
  DATABASE_NEWER: "the state database was migrated by a newer version of Alphaloom",
  DATABASE_DIVERGED: "a migration that was applied is not the one this version has",
  DATABASE_FORMAT: "the database files or the server are of a PostgreSQL version this one does not use",
  DATABASE_DAMAGED: "the database files cannot be opened",
  DATABASE_DISK_FULL: "no space is left for the state database",
  DATABASE_NOT_PERMITTED: "the state folder cannot be read or written",
  DATABASE_OTHER_WORKSPACE: "the database holds the state of another workspace",
  DATABASE_CLOSED: "the state database has been closed",
} as const;

export type DatabaseErrorCode = keyof typeof databaseErrors;

export class DatabaseError extends Error {
  override readonly name = "DatabaseError";
  readonly code: DatabaseErrorCode;
  readonly remedy: string;
  readonly place: Readonly<Record<string, string | number>>;

  constructor(
    code: DatabaseErrorCode,
    found: string,
    details: {
      readonly remedy: string;
      readonly place?: Readonly<Record<string, string | number>>;
      readonly cause?: unknown;
    },
  ) {
    super(found, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.remedy = details.remedy;
    this.place = details.place ?? {};
  }
}

/** What PostgreSQL tells about a statement it refused. */
export interface SqlFacts {
  /** SQLSTATE, such as 23505 for a unique violation. */
  readonly code: string;
  readonly message: string;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  readonly schema?: string | undefined;
  readonly table?: string | undefined;
  readonly column?: string | undefined;
  readonly constraint?: string | undefined;
  readonly where?: string | undefined;
  readonly position?: string | undefined;
}

/** A statement that PostgreSQL refused; the same for both kinds of database. */
export class SqlError extends Error {
  override readonly name = "SqlError";
  readonly code: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
  readonly schema: string | undefined;
  readonly table: string | undefined;
  readonly column: string | undefined;
  readonly constraint: string | undefined;
  readonly where: string | undefined;
  readonly position: string | undefined;

  constructor(facts: SqlFacts, cause?: unknown) {
    super(facts.message, cause === undefined ? {} : { cause });
    this.code = facts.code;
    this.detail = facts.detail;
    this.hint = facts.hint;
    this.schema = facts.schema;
    this.table = facts.table;
    this.column = facts.column;
    this.constraint = facts.constraint;
    this.where = facts.where;
    this.position = facts.position;
  }
}

const FACTS = ["detail", "hint", "schema", "table", "column", "constraint", "where", "position"] as const;

/** The facts of an error that carries a SQLSTATE; null for any other. Both drivers name them alike. */
export function sqlFactsOf(error: unknown): SqlFacts | null {
  if (!(error instanceof Error)) return null;
  const fields = error as unknown as Readonly<Record<string, unknown>>;
  const code = fields["code"];
  if (typeof code !== "string" || !/^[0-9A-Z]{5}$/.test(code) || typeof fields["severity"] !== "string") {
    return null;
  }
  const facts: Record<string, string> = { code, message: error.message };
  for (const fact of FACTS) {
    const value = fields[fact];
    if (typeof value === "string") facts[fact] = value;
  }
  return facts as unknown as SqlFacts;
}
