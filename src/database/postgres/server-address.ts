import { DatabaseError } from "../errors.ts";

const invalid = (why: string): DatabaseError =>
  new DatabaseError("DATABASE_URL_INVALID", `the database address ${why}`, {
    remedy: "write DATABASE_URL as postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
  });

/** A database server's address without its secrets, for messages. Throws DATABASE_URL_INVALID. */
export function placeOfUrl(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw invalid("cannot be read as an address");
  }
  if (parsed.protocol !== "postgres:" && parsed.protocol !== "postgresql:") {
    throw invalid(`starts with ${parsed.protocol}, not postgresql:`);
  }
  const host = parsed.hostname || (parsed.searchParams.get("host") ?? "localhost");
  const database = decodeURIComponent(parsed.pathname.slice(1)) || "its default database";
  return `${host}:${parsed.port || "5432"}/${database}`;
}
