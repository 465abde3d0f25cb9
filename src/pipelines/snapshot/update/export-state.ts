/**
 * What a snapshot's rows were made from, in a file that lies with them: the source and its generation, and for each
 * instrument how far it goes and the fingerprint of its adjustment. It names the hash of the rows it speaks of, so that a
 * state of other rows is known as such and not believed.
 */
import path from "node:path";
import { z } from "zod";
import { readJsonFile } from "#data/json-file";
import { isoOf, parseDay, type Day } from "#market/day";
import type { InstrumentCoverage } from "../snapshot-source.ts";

export const EXPORT_STATE_FILE = "export-state.json";

export interface ExportState {
  /** Locator of the source. */
  readonly source: string;
  /** Of the store; null for a server. */
  readonly generation: number | null;
  /** Last session that was asked for. */
  readonly end: Day;
  /** Of `daily_pv.h5`, in hex. */
  readonly dataSha256: string;
  /**
   * By the source's ids, in code-point order; of rows up to `end`. An empty fingerprint is of rows that could not be compared
   * when the others were.
   */
  readonly instruments: readonly InstrumentCoverage[];
}

const day = z.string().transform((text, context) => {
  const read = parseDay(text);
  if (Number.isNaN(read)) context.addIssue({ code: "custom", message: `"${text}" is no date` });
  return read;
});

const schema: z.ZodType<ExportState> = z
  .object({
    format: z.literal(1),
    source: z.string(),
    generation: z.number().int().nonnegative().nullable(),
    end: day,
    dataSha256: z.string().regex(/^[0-9a-f]{64}$/),
    instruments: z.array(
      z
        .tuple([z.string(), day, day, z.number().int().nonnegative(), z.string()])
        .transform(([instrument, first, last, rows, fingerprint]) => ({
          instrument,
          first,
          last,
          rows,
          fingerprint,
        })),
    ),
  })
  .transform(({ source, generation, end, dataSha256, instruments }) => ({
    source,
    generation,
    end,
    dataSha256,
    instruments,
  }));

/** One line for each instrument: `[id, first, last, rows, fingerprint]`. */
export function textOfState(state: ExportState): string {
  const head = {
    format: 1,
    source: state.source,
    generation: state.generation,
    end: isoOf(state.end),
    dataSha256: state.dataSha256,
  };
  const lines = state.instruments.map(({ instrument, first, last, rows, fingerprint }) =>
    JSON.stringify([instrument, isoOf(first), isoOf(last), rows, fingerprint]),
  );
  const list = lines.length === 0 ? "[]" : `[\n${lines.join(",\n")}\n]`;
  return `${JSON.stringify(head).slice(0, -1)},"instruments":${list}}\n`;
}

/** The state in a snapshot's directory; null when there is none. Throws DATA_FILE_DAMAGED. */
export async function readExportState(directory: string): Promise<ExportState | null> {
  const file = path.join(directory, EXPORT_STATE_FILE);
  return await readJsonFile(file, schema, "remove this file: the next update then compares every row");
}
