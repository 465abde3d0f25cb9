/** Something that is done again and again, never twice at a time. */
export interface Tick {
  /** Resolves when a turn under way has ended; none follows. */
  stop(): Promise<void>;
}

/** `turn` is done at once and then `everyMs` after the end of the one before; what it throws is reported. */
export function addTick(everyMs: number, turn: () => Promise<void>, report: (error: unknown) => void): Tick {
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  let underWay = go();
  async function go(): Promise<void> {
    await turn().catch(report);
    if (isStopped) return;
    timer = setTimeout(() => {
      underWay = go();
    }, everyMs);
  }
  return {
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await underWay;
    },
  };
}
