/**
 * Who may import whom inside src/. Folders are the top-level names; a file directly in src/ is "index".
 * A new arrow needs a record in docs/decisions.
 */
const nouns = ["market", "panel", "kernels"] as const;
const beneathPipelines = [
  ...nouns,
  "workers",
  "data",
  "expression",
  "factors",
  "labels",
  "models",
  "portfolio",
  "trading",
  "evaluation",
  "strategies",
] as const;

export const allowed: Readonly<Record<string, readonly string[]>> = {
  market: [],
  kernels: [],
  database: [],
  monitoring: [],
  workers: ["kernels"],
  panel: ["market", "kernels"],
  expression: nouns,
  data: nouns,
  factors: [...nouns, "expression"],
  labels: [...nouns, "expression"],
  models: ["panel", "kernels"],
  portfolio: nouns,
  trading: ["market", "panel"],
  evaluation: nouns,
  strategies: ["market", "panel", "expression", "factors", "trading"],
  jobs: ["database"],
  identity: ["database"],
  pipelines: beneathPipelines,
  api: ["market", "panel", "expression", "factors", "pipelines", "jobs", "identity", "monitoring"],
  cli: [...beneathPipelines, "pipelines", "jobs", "identity", "database", "monitoring", "api"],
  index: [...beneathPipelines, "pipelines"],
};

/** Arrows that are allowed for types only: importing folder → target modules. */
export const typeOnly: Readonly<Record<string, readonly string[]>> = {
  evaluation: ["trading/fill", "trading/account"],
};

/** These run in a worker thread and in the browser alike: nothing from Node, no vendor's client library. */
export const withoutNode = [
  "market",
  "kernels",
  "panel",
  "expression",
  "factors",
  "labels",
  "models",
  "portfolio",
  "strategies",
  "evaluation",
] as const;

/** Packages that may be imported only under the path named. */
export const vendorHome: Readonly<Record<string, readonly string[]>> = {
  "@duckdb/node-api": ["data/duckdb"],
  "read-excel-file": ["data/sources/excel"],
  fflate: ["data/sources", "data/archive"],
  yaml: ["data/mapping", "cli"],
  echarts: ["evaluation/report"],
  commander: ["cli"],
  "@electric-sql/pglite": ["database"],
  pg: ["database", "data/sources/postgres"],
  "pg-copy-streams": ["data/sources/postgres"],
  h5wasm: ["data/hdf5"],
  kysely: ["database", "jobs", "identity"],
  "pg-boss": ["jobs"],
  fastify: ["api"],
  aws4fetch: ["data/store"],
};
