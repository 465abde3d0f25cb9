/** Choices that are the same for the same seed, on every machine. */
export class SeededChoice {
  #state: number;

  constructor(seed: number) {
    this.#state = (Math.imul(seed | 0, 0x9e3779b1) + 0x85ebca6b) >>> 0;
  }

  /** An integer in [0, below), by a 32-bit mix of a counter (Steele, Lea and Flood 2014). */
  below(below: number): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    mixed = (mixed ^ (mixed >>> 15)) >>> 0;
    return Math.floor((mixed / 2 ** 32) * below);
  }

  /** `count` of the items without repetition, in their own order; all when there are no more. */
  some<T>(items: readonly T[], count: number): T[] {
    if (count >= items.length) return [...items];
    const places = items.map((_, index) => index);
    for (let at = 0; at < count; at++) {
      const other = at + this.below(places.length - at);
      [places[at], places[other]] = [places[other]!, places[at]!];
    }
    return places
      .slice(0, count)
      .sort((a, b) => a - b)
      .map((place) => items[place]!);
  }
}
