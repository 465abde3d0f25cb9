/** Excel workbooks (.xlsx): the first sheet, or the one named; its first row names the columns. */
import { readFile, writeFile } from "node:fs/promises";
import readWorkbook from "read-excel-file/node";
import { textRelation } from "../csv/relation.ts";
import { DataError } from "../../errors.ts";
import { asDataError } from "../../system-errors.ts";
import type { SourceFile } from "../locator.ts";
import type { Relation, RelationContext } from "../relation.ts";

export async function excelRelation(file: SourceFile, context: RelationContext): Promise<Relation> {
  const { reading, scratch } = context;
  let sheets: Awaited<ReturnType<typeof readWorkbook>>;
  try {
    sheets = await readWorkbook(await readFile(file.path));
  } catch (error) {
    throw asDataError(error, { file: file.path, doing: "read" });
  }
  const sheet = reading.sheet === undefined ? sheets[0] : sheets.find(({ sheet }) => sheet === reading.sheet);
  if (sheet === undefined) {
    const names = sheets.map(({ sheet }) => sheet).join(", ");
    throw new DataError(
      "DATA_COLUMN_MISSING",
      `${file.path} has no sheet ${reading.sheet ?? "at all"}; it has ${names}`,
      {
        remedy: "set reading.sheet in the mapping to one of them",
        place: { file: file.path },
      },
    );
  }
  const path = await scratch.pathFor(".csv");
  await writeFile(path, sheet.data.map((row) => row.map(cellText).join(",")).join("\n"));
  return textRelation(path, { ...context, reading: { ...reading, delimiter: "," } });
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) {
    const iso = value.toISOString();
    return iso.endsWith("T00:00:00.000Z") ? iso.slice(0, 10) : iso.slice(0, 19).replace("T", " ");
  }
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
