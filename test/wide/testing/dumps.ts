/** Compares what `data dump --fields all` writes of two workspaces, bit for bit. */
import { Database } from "../../../src/data/duckdb/database.ts";
import { sqlName, sqlText } from "../../../src/data/duckdb/sql.ts";
import { done } from "./program.ts";

/** Writes what a workspace holds: every field of every set, every row. */
export async function dumped(folder: string, workspace: string, file: string): Promise<string> {
  await done(folder, ["data", "dump", "--workspace", workspace, "--fields", "all", "--out", file]);
  return file;
}

export interface Difference {
  readonly column: string;
  readonly cells: number;
}

export interface Comparison {
  readonly rows: number;
  readonly columns: number;
  readonly differences: readonly Difference[];
}

/**
 * Both files come sorted by instrument and day. Two cells are the same when their bits are, or both are NaN: 0 and −0
 * are not the same.
 */
export async function compareDumps(left: string, right: string): Promise<Comparison> {
  using database = await Database.open({ memoryLimit: "1GB" });
  const of = (file: string): string => `read_parquet(${sqlText(file)})`;
  const columns = await database.describe(of(left));
  const others = await database.describe(of(right));
  if (JSON.stringify(columns) !== JSON.stringify(others))
    return { rows: 0, columns: 0, differences: [{ column: "the columns themselves", cells: others.length }] };
  const [counted] = await database.rows(
    `SELECT (SELECT count(*) FROM ${of(left)}) AS a, (SELECT count(*) FROM ${of(right)}) AS b`,
  );
  const rows = Number(counted!["a"]);
  if (rows !== Number(counted!["b"]))
    return {
      rows,
      columns: 0,
      differences: [{ column: "the rows themselves", cells: Number(counted!["b"]) }],
    };
  const differences: Difference[] = [];
  for (let at = 0; at < columns.length; at += COLUMNS_AT_ONCE) {
    const some = columns.slice(at, at + COLUMNS_AT_ONCE);
    const names = some.map(({ name }) => sqlName(name)).join(", ");
    const counts = some.map(({ name, type }, index) => {
      const [a, b] = [`a.${sqlName(name)}`, `b.${sqlName(name)}`];
      const isNumber = type === "FLOAT" || type === "DOUBLE";
      const sign = isNumber ? ` OR (${a} = 0 AND signbit(${a}) <> signbit(${b}))` : "";
      return `count(*) FILTER (WHERE ${a} IS DISTINCT FROM ${b}${sign}) AS c${index}`;
    });
    const [found] = await database.rows(
      `SELECT ${counts.join(", ")} FROM (SELECT ${names} FROM ${of(left)}) AS a
       POSITIONAL JOIN (SELECT ${names} FROM ${of(right)}) AS b`,
    );
    for (const [index, { name }] of some.entries()) {
      const cells = Number(found![`c${index}`]);
      if (cells > 0) differences.push({ column: name, cells });
    }
  }
  return { rows, columns: columns.length, differences };
}

const COLUMNS_AT_ONCE = 50;
