/** Whether the other files of a folder have the units of the first: amount ÷ (volume × price) must stay where it is. */
import type { Scratch } from "../../archive/scratch.ts";
import type { Database } from "../../duckdb/database.ts";
import { sqlName } from "../../duckdb/sql.ts";
import type { Reading } from "../../mapping/mapping.ts";
import { type SourceFile, placeOf } from "../../sources/locator.ts";
import { numberExpression } from "../../sources/numbers.ts";
import { relationOf } from "../../sources/relation.ts";

/** Files looked into; a folder of thousands is sampled evenly. */
const LOOKED_INTO = 100;

export interface RatioColumns {
  readonly close: string;
  readonly volume: string;
  readonly amount: string;
}

/** The first file whose ratio has another power of ten than `power`, as a sentence; null when none has. */
export async function otherUnits(
  files: readonly SourceFile[],
  columns: RatioColumns,
  context: {
    readonly database: Database;
    readonly scratch: Scratch;
    readonly reading: Reading;
    readonly power: number;
  },
): Promise<{ readonly file: SourceFile; readonly found: string } | null> {
  const { database, power } = context;
  const step = Math.max(1, Math.ceil((files.length - 1) / LOOKED_INTO));
  for (let at = 1; at < files.length; at += step) {
    const file = files[at]!;
    const relation = await relationOf(file, context);
    const value = (name: string): string => {
      const type = relation.columns.find((column) => column.name === name)?.type ?? "VARCHAR";
      return type === "VARCHAR"
        ? `TRY_CAST(${sqlName(name)} AS DOUBLE)`
        : numberExpression({ name, type }, []);
    };
    const [row] = await database.rows(`
      WITH t AS (SELECT ${value(columns.amount)} / (${value(columns.volume)} * ${value(columns.close)}) AS r FROM ${relation.sql})
      SELECT median(r) FILTER (r > 0 AND isfinite(r)) AS r FROM t`);
    const ratio = row?.["r"];
    if (typeof ratio !== "number" || !(ratio > 0)) continue;
    const own = Math.round(Math.log10(ratio));
    if (own === power || Math.abs(Math.log10(ratio) - own) > 0.1) continue;
    return {
      file,
      found: `amount ÷ (volume × price) is near 10^${own} in ${placeOf(file)} and near 10^${power} in ${placeOf(files[0]!)}`,
    };
  }
  return null;
}
