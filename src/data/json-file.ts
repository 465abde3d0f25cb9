import { readFile } from "node:fs/promises";
import type { z } from "zod";
import { DataError } from "./errors.ts";
import { asDataError } from "./system-errors.ts";

/**
 * A JSON file of a known form; null when there is none. Throws DATA_FILE_DAMAGED naming the first thing that is not as it
 * should be, with the remedy given, and DATA_NOT_PERMITTED.
 */
export async function readJsonFile<Value>(
  file: string,
  schema: z.ZodType<Value>,
  remedy: string,
): Promise<Value | null> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw asDataError(error, { file, doing: "read" });
  }
  const damaged = (what: string, cause: unknown): DataError =>
    new DataError("DATA_FILE_DAMAGED", `${file} cannot be read: ${what}`, { remedy, place: { file }, cause });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged("it is no JSON", error);
  }
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw damaged(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not of its form"}`, read.error);
}
