/**
 * The queue that hands steps to workers: pg-boss, in a schema of its own of the state database. A message is no more
 * than "this step can be started". It is taken in the transaction that claims the step, so that it is gone exactly when
 * the step is claimed, and sent in the transaction that makes the step ready; who may bring a result is for the step's
 * row alone to say. pg-boss also keeps the schedules' clock.
 */
import { randomUUID } from "node:crypto";
import { PgBoss } from "pg-boss";
import type { Queryable } from "#database/state-database";
import { JobError } from "./errors.ts";
import { isDown } from "./persist.ts";
import type { JobDatabase, StepName } from "./rows.ts";

const SCHEMA = "alphaloom_queue";
const STEPS = "steps";
const ALARMS = "alarms";
/** Any number, the same for every process. */
const INSTALL_LOCK = 7_305_118_935;
/** A message waits as long as it takes for a worker to come. */
const YEAR_SECONDS = 365 * 86_400;

/** A step that is ready, with the id of its message: sending one twice sends it once. */
export interface ReadyStep extends StepName {
  readonly message: string;
  /** Higher ones are started first. */
  readonly priority: number;
  /** How long to wait before the start. */
  readonly delayMs?: number;
}

export interface Alarm {
  readonly schedule: string;
  /** When the schedule was set, by the database's clock: what came due before is not its business. */
  readonly since: string;
}

export interface QueueOptions {
  /** Also runs the clock of the schedules and the queue's maintenance: for workers. */
  readonly isWorker: boolean;
  /** Told what goes wrong in the background. */
  readonly report: (error: unknown) => void;
}

export class StepQueue {
  readonly #boss: PgBoss;

  private constructor(boss: PgBoss) {
    this.#boss = boss;
  }

  /** Installs or migrates the queue's schema when need be. */
  static async open(database: JobDatabase, options: QueueOptions): Promise<StepQueue> {
    const boss = new PgBoss({
      db: adapter(database),
      backend: database.kind,
      schema: SCHEMA,
      supervise: options.isWorker,
      schedule: options.isWorker,
      cronMonitorIntervalSeconds: 10,
      cronWorkerIntervalSeconds: 2,
    });
    boss.on("error", (error) => {
      if (!isDown(error)) options.report(error);
    });
    await oneAtATime(database, async () => {
      await boss.start();
      for (const name of [STEPS, ALARMS]) {
        if ((await boss.getQueue(name)) === null) {
          await boss.createQueue(name, { retentionSeconds: YEAR_SECONDS, warningQueueSize: 1_000_000 });
        }
        // pg-boss looks up a queue it does not know yet outside the transaction it is called in, and so would wait for
        // that transaction on PGlite: let it know the queue before.
        await boss.findJobs(name, { id: randomUUID() });
      }
    });
    return new StepQueue(boss);
  }

  async send(transaction: Queryable, steps: readonly ReadyStep[]): Promise<void> {
    if (steps.length === 0) return;
    const messages = steps.map(({ job, part, ordinal, message, priority, delayMs }) => ({
      id: message,
      data: { job, part, ordinal },
      priority,
      ...(delayMs === undefined || delayMs <= 0 ? {} : { startAfter: `${delayMs} milliseconds` }),
    }));
    await this.#boss.insert(STEPS, messages, { db: adapter(transaction) });
  }

  /** Takes the next message; null when there is none. It comes back if the transaction is rolled back. */
  async take(transaction: Queryable): Promise<StepName | null> {
    return await this.#takeFrom<StepName>(STEPS, transaction);
  }

  /** Takes the next alarm of a schedule. */
  async takeAlarm(transaction: Queryable): Promise<Alarm | null> {
    return await this.#takeFrom<Alarm>(ALARMS, transaction);
  }

  async #takeFrom<Data extends object>(queue: string, transaction: Queryable): Promise<Data | null> {
    const db = adapter(transaction);
    const [message] = await this.#boss.fetch<Data>(queue, { db });
    if (message === undefined) return null;
    await this.#boss.deleteJob(queue, message, { db });
    return message.data;
  }

  /** One that is set again as it was stays as it is, so that a time it missed is still made up for. SCHEDULE_INVALID. */
  async setAlarm(alarm: Alarm, cron: string, timeZone: string): Promise<void> {
    this.nextAlarm(cron, timeZone);
    const [known] = await this.#boss.getSchedules(ALARMS, alarm.schedule);
    if (known?.cron === cron && known.timezone === timeZone) return;
    const options = { tz: timeZone, key: alarm.schedule, missed: "once" } as const;
    await this.#boss.schedule(ALARMS, cron, alarm, options);
  }

  async removeAlarm(schedule: string): Promise<void> {
    await this.#boss.unschedule(ALARMS, schedule);
  }

  /** When a cron expression next comes due, after `from` or from now on. Throws SCHEDULE_INVALID. */
  nextAlarm(cron: string, timeZone: string, from?: Date): Date {
    if (cron.trim().split(/\s+/).length !== 5) {
      throw new JobError("SCHEDULE_INVALID", `${JSON.stringify(cron)} has not five fields`, {
        remedy: "give minute, hour, day of month, month and day of week: 30 17 * * 1-5",
      });
    }
    try {
      return this.#boss.previewSchedule(cron, {
        tz: timeZone,
        count: 1,
        ...(from === undefined ? {} : { from }),
      })[0]!;
    } catch (cause) {
      throw new JobError(
        "SCHEDULE_INVALID",
        `${JSON.stringify(cron)} in ${JSON.stringify(timeZone)}: ${cause instanceof Error ? cause.message : String(cause)}`,
        {
          remedy: "give five fields, such as 30 17 * * 1-5, and a time zone such as Asia/Shanghai",
          cause,
        },
      );
    }
  }

  async close(): Promise<void> {
    await this.#boss.stop({ graceful: false, close: false });
  }
}

/**
 * pg-boss installs its schema with `create schema if not exists`, which fails for one of two processes that come to a new
 * server together: they take turns. PGlite has one process, and one connection, which must not wait for itself.
 */
async function oneAtATime(database: JobDatabase, install: () => Promise<void>): Promise<void> {
  if (database.kind === "pglite") return await install();
  await database.transaction(async (transaction) => {
    await transaction.query(`select pg_advisory_xact_lock(${INSTALL_LOCK})`);
    await install();
  });
}

/** Our database in the form pg-boss calls it. */
function adapter(database: Queryable): {
  executeSql(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
} {
  return { executeSql: (text, values) => database.query(text, values) };
}
