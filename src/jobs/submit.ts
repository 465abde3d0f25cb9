/** Queuing a job. */
import { randomBytes } from "node:crypto";
import type { Queryable } from "#database/state-database";
import { JobError } from "./errors.ts";
import type { AnyJobKind } from "./job-kind.ts";
import type { SubmitOptions } from "./jobs.ts";
import { jsonText } from "./rows.ts";
import { addStep } from "./settle.ts";
import type { StepQueue } from "./step-queue.ts";

const ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** Throws JOB_ID_INVALID. */
export function checkedId(id: string): string {
  if (ID.test(id)) return id;
  throw new JobError("JOB_ID_INVALID", `${JSON.stringify(id)} cannot be an id`, {
    remedy: "use letters, digits, - and _, starting with a letter or digit, at most 64 of them",
  });
}

/** Which kinds of jobs there are. */
export class JobKinds {
  readonly #kinds: ReadonlyMap<string, AnyJobKind>;

  /** Throws `TypeError` on a name that is malformed or comes twice. */
  constructor(kinds: readonly AnyJobKind[]) {
    this.#kinds = new Map(kinds.map((kind) => [kind.name, kind]));
    if (this.#kinds.size < kinds.length) throw new TypeError("two kinds of jobs have the same name");
    for (const { name } of kinds) {
      if (!/^[a-z][a-z0-9-]{0,31}$/.test(name)) throw new TypeError(`a kind of job is named ${name}`);
    }
  }

  /** Undefined when a job is of a kind that this program does not have. */
  find(name: string): AnyJobKind | undefined {
    return this.#kinds.get(name);
  }

  /** Throws JOB_KIND_UNKNOWN. */
  known(name: string): AnyJobKind {
    const kind = this.#kinds.get(name);
    if (kind !== undefined) return kind;
    throw new JobError("JOB_KIND_UNKNOWN", `there is no kind of job ${JSON.stringify(name)}`, {
      remedy: `use one of: ${[...this.#kinds.keys()].join(", ")}`,
    });
  }
}

/** Queues a job and returns its id. Throws as `Jobs.submit` does; then nothing has changed. */
export async function submitJob(
  transaction: Queryable,
  queue: StepQueue,
  order: { readonly kind: AnyJobKind; readonly payload: unknown; readonly options: SubmitOptions },
): Promise<string> {
  const { kind, options } = order;
  const payload = kind.check === undefined ? order.payload : kind.check(order.payload);
  const key = kind.exclusive?.(payload) ?? null;
  const id = options.id === undefined ? newJobId(kind.name, new Date()) : checkedId(options.id);
  const row = [
    id,
    kind.name,
    options.name ?? null,
    jsonText(payload, "the payload"),
    key,
    options.retryLimit ?? 3,
  ];
  while (!(await insertJob(transaction, row))) {
    await refuseIfRunning(transaction, key);
    await refuseIfTaken(transaction, id);
    // Neither any more: the job that was in the way has ended meanwhile.
  }
  await addStep(transaction, queue, { job: id, part: "plan" });
  return id;
}

async function insertJob(transaction: Queryable, row: readonly unknown[]): Promise<boolean> {
  const { rows } = await transaction.query(
    `insert into alphaloom.job (id, kind, name, payload, exclusive_key, retry_limit)
     values ($1, $2, $3, $4::text::jsonb, $5, $6) on conflict do nothing returning id`,
    row,
  );
  return rows.length > 0;
}

async function refuseIfTaken(transaction: Queryable, id: string): Promise<void> {
  const { rows } = await transaction.query("select 1 from alphaloom.job where id = $1", [id]);
  if (rows.length === 0) return;
  throw new JobError("JOB_ID_TAKEN", `there is a job ${id} already`, {
    remedy: "choose another id",
    job: id,
  });
}

/** Throws JOB_RUNNING when a queued or running job has this exclusive key. */
export async function refuseIfRunning(transaction: Queryable, key: string | null): Promise<void> {
  if (key === null) return;
  const { rows } = await transaction.query<{ readonly id: string; readonly state: string }>(
    "select id, state from alphaloom.job where exclusive_key = $1 and state in ('queued', 'running')",
    [key],
  );
  const running = rows[0];
  if (running === undefined) return;
  throw new JobError("JOB_RUNNING", `job ${running.id} is ${running.state} and excludes this one`, {
    remedy: `wait for it or cancel it: alphaloom jobs cancel ${running.id}`,
    job: running.id,
  });
}

/** `precompute-20261121-181403-5f3a9c`: sorts by time, tells what it is, is made up by many at once. */
export function newJobId(kind: string, now: Date): string {
  const [day, time] = now.toISOString().slice(0, 19).replaceAll(/[-:]/g, "").split("T");
  return `${kind}-${day}-${time}-${randomBytes(3).toString("hex")}`;
}
