/** Quoting for generated SQL. Every name and path that comes from outside goes through here. */

/** `"name"`, an identifier. */
export function sqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** `'text'`, a string literal. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** `['a', 'b']`, a list of string literals. */
export function sqlTextList(texts: Iterable<string>): string {
  return `[${[...texts].map(sqlText).join(", ")}]`;
}
