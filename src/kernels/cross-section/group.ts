/** One day's values of a section, or of one group of it, in the caller's order. */
export type SectionKernel = (inputs: readonly Float64Array[], out: Float64Array) => void;

/**
 * Applies a kernel to each group of one day by itself: values with equal codes are a group, in the order in which they
 * stand. Codes are any finite numbers (−0 is 0). Where the code is NaN or ±inf the result is NaN, and the value takes part in
 * no group.
 */
export function withinGroups(
  kernel: SectionKernel,
  inputs: readonly Float64Array[],
  codes: Float64Array,
  out: Float64Array,
): void {
  const { starts, members } = groupsOf(codes);
  out.fill(Number.NaN);
  const size = members.length;
  const gathered = inputs.map((input) => {
    const values = new Float64Array(size);
    for (let at = 0; at < size; at++) values[at] = input[members[at]!]!;
    return values;
  });
  const results = new Float64Array(size);
  for (let group = 0; group + 1 < starts.length; group++) {
    const from = starts[group]!;
    const to = starts[group + 1]!;
    kernel(
      gathered.map((values) => values.subarray(from, to)),
      results.subarray(from, to),
    );
  }
  for (let at = 0; at < size; at++) out[members[at]!] = results[at]!;
}

/** Positions group by group; group k is `members[starts[k]]` up to `members[starts[k + 1]]`. */
function groupsOf(codes: Float64Array): { readonly starts: Int32Array; readonly members: Int32Array } {
  const numbers = new Map<number, number>();
  const groupAt = new Int32Array(codes.length).fill(-1);
  const sizes: number[] = [];
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    if (code - code !== 0) continue;
    let group = numbers.get(code);
    if (group === undefined) {
      numbers.set(code, (group = sizes.length));
      sizes.push(0);
    }
    groupAt[i] = group;
    sizes[group]!++;
  }
  const starts = new Int32Array(sizes.length + 1);
  for (let group = 0; group < sizes.length; group++) starts[group + 1] = starts[group]! + sizes[group]!;
  const members = new Int32Array(starts[sizes.length]!);
  const next = starts.slice();
  for (let i = 0; i < codes.length; i++) {
    const group = groupAt[i]!;
    if (group >= 0) members[next[group]!++] = i;
  }
  return { starts, members };
}
