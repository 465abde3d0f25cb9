/**
 * The port behind which threads do parallel work: the same task runs on every thread, and what lies in shared memory says
 * who does which part. Nothing here knows how threads are started, so callers run in the browser and on Node alike.
 */
export interface Parallel {
  readonly threads: number;
  /**
   * Runs a task on every thread and settles when all have returned. When one fails or dies, or the signal is aborted,
   * the gate closes, so that the others stop at their next wait or look, and the first reason is thrown.
   */
  run(task: string, run: ParallelRun): Promise<void>;
}

export interface ParallelRun {
  /** Handed to every thread by structured cloning; shared buffers stay shared. */
  readonly input: unknown;
  readonly gate: Gate;
  /** Called with what the threads post, in the order of each. A throw ends the run. */
  readonly onMessage?: (message: unknown) => void;
  readonly signal?: AbortSignal;
}

/** What a task sees of the thread it runs on. */
export interface TaskThread {
  /** 0 … threads − 1. */
  readonly index: number;
  readonly gate: Gate;
  readonly post: (message: unknown) => void;
}

export type ParallelTask = (input: unknown, thread: TaskThread) => void | Promise<void>;

const CLOSED = 0;
const CHANGES = 1;

/**
 * Where threads of one run wait for each other. Whoever changes shared state that another may wait for calls `changed`;
 * a closed gate lets nobody through any more.
 */
export class Gate {
  readonly cells: Int32Array<SharedArrayBuffer>;

  /** A new gate, or the one whose cells another thread has handed over. */
  constructor(cells: Int32Array<SharedArrayBuffer> = new Int32Array(new SharedArrayBuffer(8))) {
    this.cells = cells;
  }

  get isClosed(): boolean {
    return Atomics.load(this.cells, CLOSED) !== 0;
  }

  close(): void {
    Atomics.store(this.cells, CLOSED, 1);
    this.changed();
  }

  changed(): void {
    Atomics.add(this.cells, CHANGES, 1);
    Atomics.notify(this.cells, CHANGES);
  }

  /** Blocks the calling thread until `holds` is true; false when the gate is closed. Not for a browser's main thread. */
  wait(holds: () => boolean): boolean {
    for (;;) {
      const seen = Atomics.load(this.cells, CHANGES);
      if (this.isClosed) return false;
      if (holds()) return true;
      Atomics.wait(this.cells, CHANGES, seen);
    }
  }
}
