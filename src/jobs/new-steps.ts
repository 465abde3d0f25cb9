/** Tells those who wait in this process that steps have become ready or ended, so that they need not wait for their next look. */
const sleepers = new Set<() => void>();

/** Calls `wake` when steps are ready, until the function that is returned is called. */
export function onNewSteps(wake: () => void): () => void {
  sleepers.add(wake);
  return () => void sleepers.delete(wake);
}

export function sayNewSteps(): void {
  for (const wake of sleepers) wake();
}
