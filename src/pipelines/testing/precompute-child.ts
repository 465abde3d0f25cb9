/** Precomputes a folder's store until it is killed. */
import { precomputeInSteps } from "./precompute-in-steps.ts";

const [folder] = process.argv.slice(2);
await precomputeInSteps(folder!);
