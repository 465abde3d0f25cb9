/** Notes that are true of one writing of a snapshot's files: the next one tells them again, or they are over. */

/** Some of what is held could not be read, so that the forms beside the rows would have lost it. */
export const FORMS_KEPT =
  "instruments that could not be read have only their older rows; other forms of the rows, and data sets that were there, stay as they were until they can be read";

const STALE = " may not fit the newest bars: precompute update brings them up to date";

/** Field sets that were computed from other bars than those there are. */
export function staleSetsNote(sets: readonly string[]): string {
  return `${sets.join(", ")}${STALE}`;
}

/** Those of an earlier writing that do not depend on what could be read then. */
export function lastingNotes(notes: readonly string[]): readonly string[] {
  return notes.filter((note) => note !== FORMS_KEPT);
}

/** What is known of the source now, in place of what was known of it. */
export function renewedNotes(notes: readonly string[], ofSource: readonly string[]): readonly string[] {
  return [...new Set([...notes.filter((note) => !note.endsWith(STALE)), ...ofSource])];
}
