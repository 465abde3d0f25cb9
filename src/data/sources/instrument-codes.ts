/** Source codes to canonical ids: one lookup per distinct code, one id list over all files of a source. */
import { readInstrument } from "#market/instrument";
import { DataError } from "../errors.ts";
import type { InstrumentRule } from "../mapping/mapping.ts";
import { type SourceFile, placeOf } from "./locator.ts";

/** Canonical ids in order of first appearance; grows, never reorders. */
export class InstrumentIds {
  readonly ids: string[] = [];
  readonly #index = new Map<string, number>();

  indexOf(id: string): number {
    let index = this.#index.get(id);
    if (index === undefined) {
      index = this.ids.length;
      this.ids.push(id);
      this.#index.set(id, index);
    }
    return index;
  }
}

/**
 * The canonical id of a code as the rule spells it, or null when it is of no known form. File names write
 * `000001_SZ` for `000001.SZ`, so an underscore is tried as a dot.
 */
export function canonicalId(code: string, rule: InstrumentRule): string | null {
  if ("constant" in rule) return rule.constant;
  const options = {
    ...(rule.venue === undefined ? {} : { venue: rule.venue }),
    ...(rule.acceptUnknown === undefined ? {} : { acceptUnknown: rule.acceptUnknown }),
  };
  const dotted = code.includes("_") ? readInstrument(code.replace("_", "."), options) : null;
  const read = dotted?.ok === true ? dotted : readInstrument(code, options);
  return read.ok ? read.id : null;
}

/** The instrument a whole file is about. Throws DATA_INSTRUMENT_INVALID when the name does not say. */
export function instrumentOfFile(
  file: SourceFile,
  rule: Exclude<InstrumentRule, { column: string }>,
): string {
  if ("constant" in rule) return rule.constant;
  const code = new RegExp(rule.fileName, "u").exec(file.name)?.groups?.["code"];
  const id = code === undefined ? null : canonicalId(code, rule);
  if (id !== null) return id;
  throw new DataError(
    "DATA_INSTRUMENT_INVALID",
    code === undefined
      ? `${placeOf(file)}: the name does not match ${rule.fileName}`
      : `${placeOf(file)}: "${code}" is an instrument code of no known form`,
    {
      remedy:
        "correct instrument.fileName in the mapping, name its venue, or take the file out of the folder",
      place: { file: file.path },
    },
  );
}
