import { DatabaseError } from "./errors.ts";
import type { Queryable } from "./state-database.ts";

/** Makes a database that of a workspace, once. Throws DATABASE_OTHER_WORKSPACE when it is that of another one. */
export async function belongTo(database: Queryable & { readonly place: string }, id: string): Promise<void> {
  await database.query("insert into alphaloom.workspace (id) values ($1) on conflict do nothing", [id]);
  const { rows } = await database.query("select id from alphaloom.workspace");
  if (rows[0]?.["id"] === id) return;
  throw new DatabaseError(
    "DATABASE_OTHER_WORKSPACE",
    `${database.place} holds the state of another workspace`,
    { remedy: "give each workspace a database of its own: another DATABASE_URL" },
  );
}
