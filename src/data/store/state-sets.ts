/**
 * Sets that belong to another one and hold no values of their own: what its recurrences remember after the last session
 * and every 256 sessions. Lists and dumps leave them out.
 */
export function isStateSet(name: string): boolean {
  return name.endsWith(".state") || name.endsWith(".checkpoints");
}
