import type { BarRequest, BarSource } from "#data/source";

/** A source that notes which instruments it has delivered rows of, so that a code nobody knows does not pass unseen. */
export interface NotedSource extends BarSource {
  readonly delivered: ReadonlySet<string>;
}

export function noteDelivered(source: BarSource): NotedSource {
  const delivered = new Set<string>();
  return {
    delivered,
    describe: () => source.describe(),
    async *bars(request?: BarRequest) {
      let known = new Uint8Array(0);
      for await (const batch of source.bars(request)) {
        const { instruments, instrument } = batch;
        if (instruments.length > known.length) {
          const grown = new Uint8Array(instruments.length);
          grown.set(known);
          known = grown;
        }
        for (const index of instrument) {
          if (known[index] !== 0) continue;
          known[index] = 1;
          delivered.add(instruments[index]!);
        }
        yield batch;
      }
    },
  };
}
