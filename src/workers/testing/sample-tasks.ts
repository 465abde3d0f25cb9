import { serveTasks } from "../serve-tasks.ts";

/** Entry file of the threads that the pool's tests start. */
interface Shares {
  readonly next: Int32Array;
  readonly taken: Int32Array;
}

class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code = "SAMPLE_REFUSED";
  readonly remedy = "ask nicely";
}

serveTasks({
  "take-all"(input, { index, post }) {
    const { next, taken } = input as Shares;
    for (let at = Atomics.add(next, 0, 1); at < taken.length; at = Atomics.add(next, 0, 1)) {
      Atomics.add(taken, at, 1);
      post({ at, index });
    }
  },
  "first-throws"(_, { index, gate }) {
    if (index === 0) throw new Refusal("not today");
    gate.wait(() => false);
  },
  "first-exits"(_, { index, gate }) {
    if (index === 0) process.exit(7);
    gate.wait(() => false);
  },
  "throws-later"(_, { index, gate }) {
    if (index === 0) {
      setTimeout(() => {
        throw new Error("nobody catches this");
      }, 1);
      return new Promise(() => {});
    }
    gate.wait(() => false);
    return undefined;
  },
  ticks(input, { gate }) {
    const cell = input as Int32Array;
    while (!gate.isClosed) {
      Atomics.add(cell, 0, 1);
      Atomics.notify(cell, 0);
    }
  },
  waits(input, { gate, post }) {
    post("waiting");
    const cell = input as Int32Array;
    if (gate.wait(() => Atomics.load(cell, 0) > 0)) post("let through");
  },
});
