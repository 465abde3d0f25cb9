/** The major PostgreSQL version whose files PGlite reads and writes; a folder of another one is refused. */
export const postgresMajor = "18";

/** Names the template of this PGlite with our settings: raised whenever either changes. */
export const templateName = "pglite-0.5.16-1";
