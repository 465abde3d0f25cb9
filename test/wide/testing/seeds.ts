import { seededRandom } from "../../../src/data/store/testing/store-digest.ts";

/** The seed of this run: the one that is asked for, or a fixed one. Tests print it. */
export const SEED = Number(process.env["SEED"] ?? 20_261_121);

/** Uniform numbers of one round; no round depends on another. */
export function randomOfRound(round: number): () => number {
  return seededRandom(SEED + 7919 * round);
}
