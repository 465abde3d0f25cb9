import { z } from "zod";

/** Job, task and schedule ids. */
export const idText = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, "is not an id");

/** In an address any text: one that cannot be an id is the id of nothing. */
export const idParams = z.strictObject({ id: z.string() });

export const nothing = z.strictObject({});

/** A request without a body, or with an empty one. */
export const noBody = z.union([z.undefined(), z.null(), nothing]);

export const bilingual = z.object({ zh: z.string(), en: z.string() });

/** A positive number in a query. */
export const countText = z.coerce.number().int().min(1).max(100_000);

export const failure = z.object({ code: z.string(), message: z.string(), remedy: z.string().nullable() });
