import { moreBars } from "./more-bars.ts";
import { oneBar } from "./one-bar.ts";
import type { Definition } from "./sketch.ts";
import { threeBars } from "./three-bars.ts";
import { twoBars } from "./two-bars.ts";

/**
 * The 61 patterns by name, each as one expression without a branch: what vector code is made of, and, read with plain numbers,
 * what the kernels are tested against.
 */
export const patternDefinitions: ReadonlyMap<string, Definition> = new Map(
  Object.entries({ ...oneBar, ...twoBars, ...threeBars, ...moreBars }),
);
