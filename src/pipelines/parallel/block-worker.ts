import { serveTasks } from "#workers/serve-tasks";
import { computeBlocks } from "./block-task.ts";

/** Entry file of the threads that compute blocks. */
serveTasks({ "compute-blocks": computeBlocks });
