/**
 * Tables of a PostgreSQL server among the files of known sources: each stands as a file whose path is `postgres:` and its
 * name, its device the database's identity, its size the number of rows, its one piece the table's fingerprint. Nobody
 * watches them; a refresh asks the server.
 */
import { DataError } from "#data/errors";
import type { FileFingerprint } from "#data/sources/fingerprint/file-fingerprint";
import type { ComparedFiles, FileChange } from "#data/sources/fingerprint/source-fingerprint";
import { isPostgresLocator, POSTGRES } from "#data/sources/postgres/locator";

/** Device of tables that were remembered without their database. */
const UNKNOWN = "0";

/** Whether what is remembered is a table, not a file. */
export function isTable({ path }: Pick<FileFingerprint, "path">): boolean {
  return isPostgresLocator(path);
}

/** Fingerprints of the tables behind a locator; none when it names files. Throws SOURCE_…. */
export async function tablesBehind(source: {
  readonly place: string;
  readonly mapping: string | null;
}): Promise<readonly FileFingerprint[]> {
  if (!isPostgresLocator(source.place)) return [];
  // The driver is loaded by those who use it.
  const { fingerprintTables, sourceUrlOf } = await import("#data/sources/postgres/table-fingerprint");
  const found = await fingerprintTables(source.place, { url: sourceUrlOf(), mapping: source.mapping });
  return found.map(({ table, database, rows, sha256 }) => ({
    path: POSTGRES + table,
    role: "rows",
    size: rows,
    mtimeNs: "0",
    inode: "0",
    device: database,
    settled: true,
    pieces: [{ from: 0, bytes: rows, sha256 }],
  }));
}

/** The comparison of the files, with the tables: `rehash` takes every table for changed, so that all of it is read. Throws SOURCE_DATABASE_OTHER. */
export function withTables(
  compared: ComparedFiles,
  known: readonly FileFingerprint[],
  look: { readonly tables: readonly FileFingerprint[]; readonly rehash: boolean },
): ComparedFiles {
  const before = new Map(known.filter(isTable).map((table) => [table.path, table]));
  const changes = look.tables.flatMap((table): FileChange[] => {
    const { path } = table;
    const was = before.get(path);
    if (was === undefined) return [{ kind: "new", path }];
    if (was.device !== UNKNOWN && was.device !== table.device) throw otherDatabase(path);
    const same = was.pieces?.[0]?.sha256 === table.pieces?.[0]?.sha256;
    return same && !look.rehash ? [] : [{ kind: "changed", path, pieces: null }];
  });
  const there = new Set(look.tables.map(({ path }) => path));
  const isGoneTable = (path: string): boolean => isPostgresLocator(path) && there.has(path);
  return {
    ...compared,
    files: [...look.tables, ...compared.files],
    changes: [
      ...changes,
      ...compared.changes.filter(({ kind, path }) => kind !== "gone" || !isGoneTable(path)),
    ],
    gone: compared.gone.filter(({ path }) => !isGoneTable(path)),
  };
}

function otherDatabase(path: string): DataError {
  return new DataError(
    "SOURCE_DATABASE_OTHER",
    `${path} is of another database now than the one it was imported from`,
    {
      remedy:
        "point ALPHALOOM_SOURCE_URL to the database of the import, or import the table by hand if this one took its place",
      place: { file: path },
    },
  );
}
