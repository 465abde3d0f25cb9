import type { Store, Vector, VectorGraph } from "./vector-graph.ts";

/** Which part of a vector graph is emitted, and where the rings that it reads lie in a family's state. */
export const VECTOR_BYTES = 16;

export interface LiveCode {
  readonly stores: readonly Store[];
  readonly uses: ReadonlyMap<Vector, number>;
  /** Rings that are read, with the longest lag. */
  readonly lags: ReadonlyMap<number, number>;
}

/** A circular buffer of a power of two rows, at `offset` bytes of the state. */
export interface Ring {
  readonly rows: number;
  readonly offset: number;
}

export function ringsOf({ lags }: LiveCode): {
  readonly rings: ReadonlyMap<number, Ring>;
  readonly bytes: number;
} {
  const rings = new Map<number, Ring>();
  let offset = 0;
  for (const [slot, lag] of lags) {
    const rows = 2 ** Math.ceil(Math.log2(lag + 1));
    rings.set(slot, { rows, offset });
    offset += rows * VECTOR_BYTES;
  }
  return { rings, bytes: offset };
}

/** The stores that matter: outputs, and rings that live code reads. */
export function liveCode({ stores, watched }: VectorGraph): LiveCode {
  const uses = new Map<Vector, number>();
  const lags = new Map<number, number>();
  const reached: number[] = [];
  const visit = (node: Vector): void => {
    const count = uses.get(node) ?? 0;
    uses.set(node, count + 1);
    if (count > 0) return;
    for (const input of node.inputs) visit(input);
    if (node.op !== "ring") return;
    if (!lags.has(node.number)) reached.push(node.number);
    lags.set(node.number, Math.max(lags.get(node.number) ?? 0, node.lag));
  };
  const live = new Set(stores.filter(({ kind }) => kind !== "ring"));
  for (const store of live) {
    visit(store.value);
    if (store.kind === "output" && store.unless !== null) visit(store.unless);
  }
  if (watched !== null) visit(watched);
  const bySlot = new Map(
    stores.flatMap((store) => (store.kind === "ring" ? [[store.slot, store] as const] : [])),
  );
  for (let next = reached.pop(); next !== undefined; next = reached.pop()) {
    const store = bySlot.get(next)!;
    live.add(store);
    visit(store.value);
  }
  return { stores: stores.filter((store) => live.has(store)), uses, lags };
}

/** Mostly comparators of a sorting network, which waits for nothing and has as many values at hand as registers. */
export function isSorting({ uses }: LiveCode): boolean {
  let comparators = 0;
  for (const { op } of uses.keys()) if (op === "pmin" || op === "pmax") comparators++;
  return comparators * 3 > uses.size;
}

/** With many divisions and roots, whose results take long. */
export function isWaiting({ uses }: LiveCode): boolean {
  let slow = 0;
  for (const { op } of uses.keys()) if (op === "div" || op === "sqrt") slow++;
  return slow * 20 > uses.size;
}

/** Of live code, what fills rings and watches. */
export function ringCode({ stores, lags }: LiveCode, watched: Vector | null): LiveCode {
  const uses = new Map<Vector, number>();
  const visit = (node: Vector): void => {
    const count = uses.get(node) ?? 0;
    uses.set(node, count + 1);
    if (count === 0) for (const input of node.inputs) visit(input);
  };
  const rings = stores.filter(({ kind }) => kind === "ring");
  for (const { value } of rings) visit(value);
  if (watched !== null) visit(watched);
  return { stores: rings, uses, lags };
}
