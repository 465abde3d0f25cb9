import { serveTasks } from "#workers/serve-tasks";
import { closeStore, computeShard, prepareShards } from "./shard-task.ts";

/** Entry file of the threads that compute shards. */
serveTasks({ "prepare-shards": prepareShards, "compute-shard": computeShard, "close-store": closeStore });
