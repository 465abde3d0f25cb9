import { serveTasks } from "#workers/serve-tasks";
import { computeShard } from "./shard-task.ts";

/** Entry file of the threads that compute shards. */
serveTasks({ "compute-shard": computeShard });
