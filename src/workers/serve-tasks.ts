import { parentPort } from "node:worker_threads";
import { Gate, type ParallelTask } from "#kernels/parallel";
import { WorkerError } from "./errors.ts";
import type { TaskOrder, TaskReport } from "./messages.ts";
import { packFailure } from "./task-failure.ts";

/** Makes the thread whose entry file calls this carry out tasks by name, until the pool ends it. */
export function serveTasks(tasks: Readonly<Record<string, ParallelTask>>): void {
  const port = parentPort;
  if (port === null) throw new TypeError("tasks are served by the entry file of a worker thread");
  const report = (message: TaskReport): void => port.postMessage(message);
  const carryOut = async ({ task, index, input, gate }: TaskOrder): Promise<void> => {
    try {
      const run = Object.hasOwn(tasks, task) ? tasks[task] : undefined;
      if (run === undefined) {
        throw new WorkerError("WORKER_TASK_UNKNOWN", `no task ${task}`, {
          remedy: `the tasks are ${Object.keys(tasks).join(", ")}`,
        });
      }
      await run(input, {
        index,
        gate: new Gate(gate),
        post: (message) => report({ kind: "posted", message }),
      });
      report({ kind: "done" });
    } catch (error) {
      report({ kind: "failed", failure: packFailure(error) });
    }
  };
  port.on("message", (order: TaskOrder) => void carryOut(order));
}
