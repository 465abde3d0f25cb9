/** Runs the work for every item, `width` at a time, and waits for what has begun before it throws the first failure. */
export async function inParallel<T>(
  items: Iterable<T>,
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const next = items[Symbol.iterator]();
  const failures: unknown[] = [];
  const turns = Array.from({ length: width }, async () => {
    for (;;) {
      const { done, value } = next.next();
      if (done === true || failures.length > 0) return;
      try {
        await work(value);
      } catch (error) {
        failures.push(error);
      }
    }
  });
  await Promise.all(turns);
  if (failures.length > 0) throw failures[0];
}
