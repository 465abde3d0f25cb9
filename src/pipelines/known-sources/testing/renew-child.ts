/** Renews one record again and again until it is killed; each time with another number and as many files. */
import { writeSync } from "node:fs";
import { workspaceAt } from "../../workspace.ts";
import { readKnownSources, renewSource } from "../registry.ts";

const workspace = workspaceAt(process.argv[2]!);
const { sources } = await readKnownSources(workspace, { calendar: "XSHG", freq: "day" });
for (let generation = sources[0]!.generation; ; generation++) {
  const files = sources[0]!.files.map((file) => ({ ...file, size: generation }));
  await renewSource(workspace, { ...sources[0]!, generation, files });
  if (generation === sources[0]!.generation) writeSync(1, "ready\n");
}
