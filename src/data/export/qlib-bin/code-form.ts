/** How instruments are written in a Qlib directory: Qlib's `SZ000001`, or our `000001.SZ`. */
import type { InstrumentForm, InstrumentId } from "#market/instrument";
import { formatInstrument } from "#market/instrument";

export type CodeForm = Extract<InstrumentForm, "qlib" | "canonical">;

/** Writes ids in a form; ids of no known form stay as they are. */
export function codeInForm(form: CodeForm): (instrument: string) => string {
  return (instrument) => formatInstrument(instrument as InstrumentId, form);
}
