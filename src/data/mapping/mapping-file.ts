/** Mapping files: YAML in, checked against the structure, errors by key; and the same structure out as YAML. */
import { readFile } from "node:fs/promises";
import { parse, stringify, YAMLParseError } from "yaml";
import type { z } from "zod";
import { DataError } from "../errors.ts";
import { asDataError } from "../system-errors.ts";
import {
  barMappingSchema,
  calendarMappingSchema,
  defaultReading,
  eventMappingSchema,
  type Mapping,
  referenceMappingSchema,
} from "./mapping.ts";

const kinds = {
  bars: barMappingSchema,
  reference: referenceMappingSchema,
  events: eventMappingSchema,
  calendar: calendarMappingSchema,
} as const;

/** Reads a mapping file. Throws `DataError` DATA_MAPPING_INVALID naming the key, or DATA_FILE_MISSING. */
export async function readMappingFile(path: string): Promise<Mapping> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw asDataError(error, { file: path, doing: "read" });
  }
  return parseMapping(text, path);
}

/** A mapping from YAML text. `origin` names it in errors. */
export function parseMapping(text: string, origin = "mapping"): Mapping {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    const line = error.linePos?.[0].line;
    throw invalid(`${origin}: ${error.message.split("\n", 1)[0]!.replace(/:$/, "")}`, {
      file: origin,
      ...(line === undefined ? {} : { row: line }),
    });
  }
  return checkMapping(value, origin);
}

/** Checks a mapping given as an object, e.g. from code. */
export function checkMapping(value: unknown, origin = "mapping"): Mapping {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid(`${origin} holds ${describe(value)} instead of keys and values`, { file: origin });
  }
  const kind = "kind" in value ? value.kind : "bars";
  if (typeof kind !== "string" || !Object.hasOwn(kinds, kind)) {
    throw invalid(`${origin}: key kind is ${describe(kind)}; allowed are ${Object.keys(kinds).join(", ")}`, {
      file: origin,
      column: "kind",
    });
  }
  const result = kinds[kind as keyof typeof kinds].safeParse({ ...value, kind });
  if (result.success) return result.data;
  const sentences = result.error.issues.map((issue) => sentenceOf(issue, value));
  throw invalid(`${origin}: ${sentences.join("; ")}`, {
    file: origin,
    column: result.error.issues[0]!.path.join("."),
  });
}

/** The mapping as YAML that {@link parseMapping} reads back to an equal one; defaults are left out. */
export function printMapping(mapping: Mapping): string {
  const { reading, ...rest } = mapping;
  const own = Object.fromEntries(
    Object.entries(reading).filter(
      ([key, value]) =>
        JSON.stringify(value) !== JSON.stringify(defaultReading[key as keyof typeof defaultReading]),
    ),
  );
  const written: Record<string, unknown> = {
    ...rest,
    ...(Object.keys(own).length === 0 ? {} : { reading: own }),
  };
  for (const [key, value] of Object.entries(written)) {
    if (value === undefined || value === "" || (isPlain(value) && Object.keys(value).length === 0))
      delete written[key];
  }
  return stringify(written, { lineWidth: 110 });
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(
  found: string,
  place: { readonly file: string; readonly row?: number; readonly column?: string },
): DataError {
  return new DataError("DATA_MAPPING_INVALID", found, {
    remedy:
      "correct the key; docs/guides/mapping.md lists them all, `data detect --print-mapping` writes one to start from",
    place,
  });
}

function sentenceOf(issue: z.core.$ZodIssue, value: object): string {
  const key = issue.path.join(".");
  const found = describe(
    issue.path.reduce<unknown>((at, step) => (isPlain(at) ? at[String(step)] : undefined), value),
  );
  switch (issue.code) {
    case "unrecognized_keys": {
      const where = key === "" ? "" : ` under ${key}`;
      return `unknown key ${issue.keys.join(", ")}${where}`;
    }
    case "invalid_value":
      return `key ${key} is ${found}; allowed are ${issue.values.map(String).join(", ")}`;
    case "invalid_type":
      return found === "nothing"
        ? `key ${key} is missing`
        : `key ${key} is ${found}, expected ${issue.expected}`;
    case "custom":
      return `key ${key} is ${found}: ${issue.message}`;
    default:
      return `key ${key} is ${found}: ${issue.message}`;
  }
}

function describe(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
