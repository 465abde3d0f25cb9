/**
 * The coded errors of the data boundary: sources, ingest, store, reference tables, exports.
 * Each entry is the title; the message of a thrown error says what was found, `remedy` what to do.
 */
export const dataErrors = {
  DATA_FILE_MISSING: "the file or folder does not exist",
  DATA_FOLDER_EMPTY: "no file of the source's kind was found",
  DATA_FILE_EMPTY: "the file holds no row",
  DATA_FILE_DAMAGED: "the file is truncated or not of the stated format",
  DATA_SHAPE_UNKNOWN: "the columns are of no shape that is recognised without a mapping",
  DATA_FORM_UNSUPPORTED: "the file is of the stated format, in a form of it that is not read",
  DATA_ROW_ORDER: "rows do not come in ascending order of time and key, or one comes twice",
  DATA_KIND_OTHER: "the source holds another kind of data than was asked for",
  DATA_COLUMN_MISSING: "a column that the mapping names is not there",
  DATA_VALUE_INVALID: "a value cannot be read as its column's type",
  DATA_DATE_INVALID: "a value cannot be read as a date",
  DATA_UNITS_MIXED: "the values of one column look like two different units",
  DATA_INSTRUMENT_INVALID: "an instrument code is of no known form",
  DATA_INSTRUMENT_TWICE: "one instrument arrives from two files",
  DATA_ROW_CONFLICT: "two rows of one import have the same instrument and date and different values",
  DATA_MAPPING_INVALID: "the mapping file does not say what it should",
  DATA_MEMORY_LIMIT: "reading needs more memory than its limit allows",
  DATA_DISK_FULL: "no space is left on the device",
  DATA_NOT_PERMITTED: "the file or folder cannot be read or written",
  STORE_MISSING: "there is no store at this place",
  STORE_EMPTY: "the store holds no bars",
  STORE_LOCKED: "another process is writing to the store",
  STORE_DAMAGED: "a stored byte differs from its checksum",
  STORE_FORMAT: "the store was written by a version this one does not read",
  STORE_FIELD_MISSING: "the store has no such field",
  STORE_INSTRUMENT_MISSING: "the store has no such instrument",
  STORE_GENERATION_MISSING: "the store no longer keeps this generation",
  STORE_CHANGED: "another writer replaced the manifest meanwhile",
  SOURCE_URL_MISSING: "no connection to a database server is given",
  SOURCE_URL_INVALID: "the connection to a database server cannot be read",
  SOURCE_UNREACHABLE: "the database server does not answer, or went away while it was read",
  SOURCE_LOGIN: "the database server refuses the user or the password",
  SOURCE_DATABASE_MISSING: "the server has no such database",
  SOURCE_DATABASE_OTHER: "the table is of another database than the one it was imported from",
  SOURCE_NAME_INVALID: "a table or column is not named by a plain identifier",
  SOURCE_TABLE_MISSING: "the database has no such table",
  SOURCE_TABLE_TAKEN: "a table of this name is there that alphaloom did not make",
  SOURCE_COLUMN_MISSING: "the table has no such column",
  SOURCE_JOIN_EMPTY: "a joined table has no row for the bars",
  SOURCE_COLUMN_CLASH: "two columns arrive under one name",
  SOURCE_COLUMN_TYPE: "a column is of a type that cannot be read as what it stands for",
  SOURCE_NOT_PERMITTED: "the database user may not do this",
  SOURCE_TIMEOUT: "the database server takes longer than it may",
  SOURCE_FAILED: "the database server reports an error of its own",
  SOURCE_UNITS: "the numbers contradict the units",
  SOURCE_ADJUSTMENT: "the prices cannot be adjusted as asked",
  SOURCE_ROW_TWICE: "the table has two rows for one instrument and time",
  SOURCE_ROWS_UNSORTED: "the server does not deliver rows in the order asked for",
  STORE_CALENDAR: "the calendar no longer has the sessions the store was written with",
} as const;

export type DataErrorCode = keyof typeof dataErrors;

/** Where in the input the problem is; as much as is known. Rows are 1-based. */
export interface DataErrorPlace {
  readonly file?: string;
  readonly row?: number;
  readonly column?: string;
  readonly instrument?: string;
}

export class DataError extends Error {
  override readonly name = "DataError";
  readonly code: DataErrorCode;
  readonly remedy: string;
  readonly place: DataErrorPlace;

  constructor(
    code: DataErrorCode,
    found: string,
    details: { readonly remedy: string; readonly place?: DataErrorPlace; readonly cause?: unknown },
  ) {
    super(found, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.remedy = details.remedy;
    this.place = details.place ?? {};
  }
}
