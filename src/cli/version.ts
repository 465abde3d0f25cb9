import packageJson from "../../package.json" with { type: "json" };

/** Version of the engine; stamped into every lineage record. */
export const version: string = packageJson.version;
