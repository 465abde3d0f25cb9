/** What workers say of themselves: that they live, and what they use of the machine. */
import { hostname } from "node:os";
import { processToken, type Processes } from "./dead-workers.ts";
import type { WorkerView } from "./jobs.ts";
import { type JobDatabase, jsonText } from "./rows.ts";

/** A worker's row and its sign of life. */
export class WorkerRow {
  readonly #database: JobDatabase;
  readonly #id: string;
  readonly #slots: number;
  readonly #holder: string | null;
  #cpu = process.cpuUsage();
  #since = performance.now();

  constructor(
    database: JobDatabase,
    worker: { readonly id: string; readonly slots: number; readonly processes: Processes | undefined },
  ) {
    this.#database = database;
    this.#id = worker.id;
    this.#slots = worker.slots;
    this.#holder = worker.processes === undefined ? null : jsonText(worker.processes.self(), "the holder");
  }

  /** Makes the row anew when somebody has taken this worker for dead. */
  async beat(): Promise<void> {
    await this.#database.query(
      `insert into alphaloom.worker (id, process, host, pid, holder, slots, memory_bytes, cpu_percent)
       values ($1, $2, $3, $4, $5::text::jsonb, $6, $7, $8)
       on conflict (id) do update set heartbeat_at = clock_timestamp(), memory_bytes = excluded.memory_bytes,
         cpu_percent = excluded.cpu_percent`,
      [
        this.#id,
        processToken,
        hostname(),
        process.pid,
        this.#holder,
        this.#slots,
        process.memoryUsage.rss(),
        this.#cpuPercent(),
      ],
    );
  }

  async remove(): Promise<void> {
    await this.#database.query("delete from alphaloom.worker where id = $1", [this.#id]);
  }

  #cpuPercent(): number {
    const [now, used] = [performance.now(), process.cpuUsage(this.#cpu)];
    const percent = (used.user + used.system) / 10 / Math.max(1, now - this.#since);
    this.#cpu = process.cpuUsage();
    this.#since = now;
    return percent;
  }
}

export async function listWorkers(database: JobDatabase): Promise<WorkerView[]> {
  const { rows } = await database.query<{
    readonly id: string;
    readonly host: string;
    readonly pid: number;
    readonly started_at: Date;
    readonly heartbeat_at: Date;
    readonly slots: number;
    readonly running: number;
    readonly memory_bytes: number;
    readonly cpu_percent: number;
  }>(
    `select id, host, pid, started_at, heartbeat_at, slots, memory_bytes, cpu_percent,
       (select count(*)::int from alphaloom.step where step.worker = worker.id and step.state = 'running') as running
     from alphaloom.worker where heartbeat_at > clock_timestamp() - interval '30 seconds' order by started_at`,
  );
  return rows.map((row) => ({
    id: row.id,
    host: row.host,
    pid: row.pid,
    startedAt: row.started_at.toISOString(),
    heartbeatAt: row.heartbeat_at.toISOString(),
    slots: row.slots,
    running: row.running,
    memoryBytes: row.memory_bytes,
    cpuPercent: row.cpu_percent,
  }));
}
