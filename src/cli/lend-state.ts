/**
 * A command that works at jobs with the workspace's own database open lends it to other commands meanwhile: they list,
 * show and cancel jobs through it as through `alphaloom serve`. Until the first of them comes this costs a listening
 * port and no more.
 */
import { randomBytes } from "node:crypto";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Answering } from "#api/server";
import { hostProcesses } from "#data/store/holder";
import { isEnded } from "#jobs/job-state";
import type { Jobs, JobView } from "#jobs/jobs";
import type { Worker } from "#jobs/worker";
import type { CommandContext } from "./command.ts";
import { writeServerFile } from "./server-file.ts";
import type { OpenedState, State } from "./state.ts";
import { version } from "./version.ts";

/** How long whoever waits for a job may take to ask how it ended. */
const FAREWELL_MS = 2_000;

/** The same state; giving it back waits for the jobs that others handed in. */
export async function lendState(
  { workspace, terminal, signal }: CommandContext,
  state: OpenedState,
): Promise<State> {
  const guests = new GuestJobs(state.jobs);
  const token = randomBytes(32).toString("base64url");
  let answering: Promise<Answering> | null = null;
  const begin = async (): Promise<Answering> => {
    const [{ answer }, { servedState }] = await Promise.all([
      import("#api/server"),
      import("./served-state.ts"),
    ]);
    const report = (error: unknown, request: string): void => terminal.warn(`${request}: ${String(error)}`);
    return await answer(servedState(workspace, { ...state, jobs: guests.jobs }), { token, report });
  };
  const door = createServer({ pauseOnConnect: true }, (connection: Socket) => {
    connection.on("error", () => connection.destroy());
    answering ??= begin();
    void answering.then(
      (server) => server.take(connection),
      (error: unknown) => {
        terminal.warn(`another command could not be answered: ${String(error)}`);
        connection.destroy();
      },
    );
  });
  const address = await listening(door);
  const holder = hostProcesses.self();
  const startedAt = new Date().toISOString();
  const removeFile = await writeServerFile(workspace, { address, token, version, startedAt, holder });
  let isWorking = false;
  const work = async (): Promise<Worker> => {
    isWorking = true;
    return await state.work();
  };
  return {
    ...state,
    work,
    async [Symbol.asyncDispose]() {
      try {
        const open = await guests.unfinished();
        if (open.length > 0 && !signal.aborted) {
          terminal.line(`${open.length} jobs of other commands are worked at first`);
          if (!isWorking) await work();
          await Promise.all(open.map((id) => state.jobs.wait(id, { signal })));
        }
        await guests.farewell();
      } finally {
        await removeFile();
        door.close();
        await (await answering?.catch(() => null))?.close();
        await state[Symbol.asyncDispose]();
      }
    },
  };
}

/** The jobs as other commands have them; remembers those they handed in or wait for. */
class GuestJobs {
  readonly jobs: Jobs;
  readonly #own: Jobs;
  /** Jobs of others, and whether they know how each ended. */
  readonly #isTold = new Map<string, boolean>();

  constructor(own: Jobs) {
    this.#own = own;
    const taken = async (call: Promise<JobView>): Promise<JobView> => {
      const view = await call;
      this.#isTold.set(view.id, isEnded(view.state));
      return view;
    };
    this.jobs = {
      ...own,
      submit: (kind, payload, options) => taken(own.submit(kind, payload, options)),
      cancel: (id) => taken(own.cancel(id)),
      resume: (id) => taken(own.resume(id)),
      retry: (id) => taken(own.retry(id)),
      show: async (id) => {
        const view = await own.show(id);
        if (this.#isTold.has(id)) this.#isTold.set(id, isEnded(view.state));
        return view;
      },
    };
  }

  async unfinished(): Promise<string[]> {
    const open = [];
    for (const id of this.#isTold.keys()) if (!isEnded((await this.#own.show(id)).state)) open.push(id);
    return open;
  }

  /** Waits until those who wait for a job have asked how it ended. */
  async farewell(): Promise<void> {
    const until = performance.now() + FAREWELL_MS;
    while ([...this.#isTold.values()].includes(false) && performance.now() < until) await sleep(20);
  }
}

async function listening(door: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    door.once("error", reject);
    door.listen(0, "127.0.0.1", resolve);
  });
  return `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
}
