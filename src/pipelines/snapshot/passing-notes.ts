/** Notes that are true of one writing of a snapshot's files: the next one tells them again, or they are over. */

/** Some of what is held could not be read, so that the forms beside the rows would have lost it. */
export const FORMS_KEPT =
  "instruments that could not be read have only their older rows; other forms of the rows, and data sets that were there, stay as they were until they can be read";

/** Those of an earlier writing that go on being true. */
export function lastingNotes(notes: readonly string[]): readonly string[] {
  return notes.filter((note) => note !== FORMS_KEPT);
}
