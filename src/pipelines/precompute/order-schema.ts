import { z } from "zod";

/**
 * What may be asked of a precompute run, as a person or a program writes it. Nothing is required: then everything that is
 * new is computed, of all instruments, all dates and the default sets.
 */
export const precomputeOrder = z.strictObject({
  /** `XSHG/day`; the only daily store of the workspace unless told. */
  store: z.string().optional(),
  /** Factor sets; `all` for every registered one. */
  sets: z.array(z.string()).min(1).optional(),
  codes: z.array(z.string()).min(1).optional(),
  start: z.string().optional(),
  end: z.string().optional(),
  mode: z.enum(["update", "full"]).optional(),
  vwap: z.enum(["amount", "typical"]).optional(),
  /** Whether what was stored is validated afterwards; it is unless told. */
  validate: z.boolean().optional(),
  /** Whether the sources that the store was imported from are looked at first, and imported again where they changed. */
  refresh: z.boolean().optional(),
  /** Blocks whose stored factors are damaged: they are computed again. */
  damaged: z.array(z.int().min(0)).optional(),
});

export type PrecomputeOrder = z.infer<typeof precomputeOrder>;
