/** The workspace whose state a database holds; one, so that no job of another one is worked at. */
export const workspaceMigration = {
  number: 2,
  name: "workspace",
  sql: `
create table alphaloom.workspace (
  single boolean primary key default true check (single),
  id text not null
);
`,
};
