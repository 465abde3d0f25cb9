/** The log of a job, line by line, and the time its subjects took. */
import type { Queryable } from "#database/state-database";
import type { LogEntry } from "./job-kind.ts";
import type { LogFilter, LogLine, Timing } from "./jobs.ts";
import { type JobDatabase, jsonText, logLevels, unknownJob } from "./rows.ts";

/** A line with the moment it was written at. */
export interface StampedEntry extends LogEntry {
  readonly at: string;
}

export function stamped(entry: LogEntry, now: number): StampedEntry {
  return { ...entry, at: new Date(now).toISOString() };
}

/** Adds lines. The numbers are given out under the job's row, so that a reader who goes on after one misses none. */
export async function writeLog(
  transaction: Queryable,
  job: string,
  lines: readonly StampedEntry[],
): Promise<void> {
  if (lines.length === 0) return;
  const { rows } = await transaction.query<{ readonly last_seq: number }>(
    "update alphaloom.job set last_seq = last_seq + $2 where id = $1 returning last_seq",
    [job, lines.length],
  );
  const last = rows[0]?.last_seq;
  if (last === undefined) return;
  const records = lines.map(({ at, level, subject, message, data }, index) => ({
    seq: last - lines.length + 1 + index,
    at,
    level: logLevels.indexOf(level),
    subject: subject ?? null,
    message,
    data: data ?? null,
  }));
  await transaction.query(
    `insert into alphaloom.job_log (job_id, seq, at, level, subject, message, data)
     select $1, seq, at, level, subject, message, data from jsonb_to_recordset($2::text::jsonb)
       as line (seq int, at timestamptz, level smallint, subject text, message text, data jsonb)`,
    [job, jsonText(records, "a line of the log")],
  );
}

/** Keeps the newest lines of a job, of the harmless levels and of warnings and errors each. */
export async function trimLog(database: Queryable, job: string, keep: number): Promise<void> {
  for (const levels of [
    [0, 1],
    [2, 3],
  ]) {
    await database.query(
      `delete from alphaloom.job_log where job_id = $1 and level between $2 and $3 and seq <= (
         select seq from alphaloom.job_log where job_id = $1 and level between $2 and $3
         order by seq desc offset $4 limit 1)`,
      [job, levels[0], levels[1], keep],
    );
  }
}

export async function readLog(
  database: JobDatabase,
  job: string,
  filter: LogFilter = {},
): Promise<LogLine[]> {
  const { rows } = await database.query<{
    readonly seq: number;
    readonly at: Date;
    readonly level: number;
    readonly subject: string | null;
    readonly message: string;
    readonly data: unknown;
  }>(
    `select seq, at, level, subject, message, data from alphaloom.job_log
     where job_id = $1 and seq > $2 and level >= $3
       and ($4::text is null or subject = $4 or jsonb_exists(data -> 'about', $4))
     order by seq limit $5`,
    [
      job,
      filter.after ?? 0,
      logLevels.indexOf(filter.level ?? "debug"),
      filter.subject ?? null,
      filter.limit ?? 1000,
    ],
  );
  if (rows.length === 0) await mustExist(database, job);
  return rows.map((row) => ({
    ...row,
    at: row.at.toISOString(),
    level: logLevels[row.level] ?? "info",
    // Of a line about many subjects the one that was asked for.
    subject: row.subject ?? filter.subject ?? null,
  }));
}

/** Adds to the times of the job's subjects. */
export async function addTimings(
  transaction: Queryable,
  job: string,
  timings: readonly Timing[],
): Promise<void> {
  if (timings.length === 0) return;
  await transaction.query(
    `insert into alphaloom.job_timing as known (job_id, subject, milliseconds, count)
     select $1, subject, milliseconds, count from jsonb_to_recordset($2::text::jsonb)
       as timing (subject text, milliseconds double precision, count int)
     on conflict (job_id, subject) do update set
       milliseconds = known.milliseconds + excluded.milliseconds, count = known.count + excluded.count`,
    [job, jsonText(timings, "a timing")],
  );
}

export async function readTimings(database: JobDatabase, job: string): Promise<Timing[]> {
  const { rows } = await database.query<Timing>(
    `select subject, milliseconds, count from alphaloom.job_timing where job_id = $1
     order by milliseconds desc, subject`,
    [job],
  );
  if (rows.length === 0) await mustExist(database, job);
  return rows;
}

async function mustExist(database: JobDatabase, job: string): Promise<void> {
  const { rows } = await database.query("select 1 from alphaloom.job where id = $1", [job]);
  if (rows.length === 0) throw unknownJob(job);
}
