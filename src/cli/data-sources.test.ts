/** `data sources` and the hook after an import, on a terminal that keeps what is written to it. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import type { CommandContext } from "./command.ts";
import { forget, listSources } from "./data-sources.ts";
import { importInto, runImport } from "./import.ts";
import { openTerminal } from "./terminal.ts";

const bars = `timestamp,open,high,low,close,volume
2024-01-01,10,11,9,10,5.5
2024-01-02,10,11,9,10.5,6.25
2024-01-03,10.5,11,9,10,7.125
`;

interface Place {
  readonly root: string;
  readonly file: string;
  readonly run: (work: (context: CommandContext) => Promise<unknown>, json?: boolean) => Promise<string>;
}

function placeWithBars(): Place {
  const root = mkdtempSync(path.join(os.tmpdir(), "data-sources-"));
  const file = path.join(root, "btcusdt-1d.csv");
  writeFileSync(file, bars);
  const run: Place["run"] = async (work, json = true) => {
    let written = "";
    const terminal = openTerminal(json, {
      out: { write: (text) => (written += text) },
      err: { write: (text) => (written += json ? "" : text) },
      interactive: false,
      columns: 80,
      now: () => 0,
    });
    await work({ terminal, workspace: path.join(root, "ws"), signal: new AbortController().signal });
    return written;
  };
  return { root, file, run };
}

it("lists nothing before the first import, then what was imported and what became of it", async () => {
  const { file, run } = placeWithBars();
  const list = async (): Promise<unknown> => JSON.parse(await run((context) => listSources(context, {})));
  expect(await list()).toEqual({ sources: [], unreadable: [] });
  await run((context) => importInto(context, `csv:${file}`));
  expect(await list()).toMatchObject({
    sources: [{ store: "24x7/day", locator: `csv:${file}`, state: "unchanged", files: 1, generation: 1 }],
  });
  appendFileSync(file, "2024-01-04,10,11,9,10,5.5\n");
  expect(await list()).toMatchObject({
    sources: [{ state: "changed", changes: [{ kind: "changed", path: file }], problem: null }],
  });
  rmSync(file);
  expect(await list()).toMatchObject({
    sources: [{ state: "missing", problem: { code: "DATA_FILE_MISSING" } }],
  });
  const text = await run((context) => listSources(context, {}), false);
  expect(text).toMatch(/btcusdt-1d-csv-[0-9a-f]{12} +24x7\/day/);
  expect(text).toContain("warning DATA_FILE_MISSING");
  await expect(run((context) => listSources(context, { store: "XNYS" }))).rejects.toThrow(
    /24x7\/day|no source/,
  );
});

it("a source that is forgotten is not looked at any more", async () => {
  const { file, run } = placeWithBars();
  await run((context) => importInto(context, `csv:${file}`));
  const { sources } = JSON.parse(await run((context) => listSources(context, {}))) as {
    sources: { id: string }[];
  };
  await run((context) => forget(context, sources[0]!.id));
  expect(JSON.parse(await run((context) => listSources(context, {})))).toMatchObject({ sources: [] });
  await expect(run((context) => forget(context, sources[0]!.id))).rejects.toThrow(/no source/);
});

it("what is to follow an import follows only where the settings ask for it, and only a new generation", async () => {
  const { root, file, run } = placeWithBars();
  const seen: number[] = [];
  const hooks = {
    afterImport: async (_: CommandContext, { generation }: { readonly generation: number }) => {
      seen.push(generation);
      return await Promise.resolve({ job: `job-${generation}` });
    },
  };
  const answer = async (): Promise<unknown> =>
    JSON.parse(await run((context) => runImport(context, `csv:${file}`, { hooks })));
  expect(await answer()).not.toHaveProperty("job");
  writeFileSync(path.join(root, "ws", "settings.yaml"), "precompute: { afterImport: true }\n");
  expect(await answer()).not.toHaveProperty("job");
  appendFileSync(file, "2024-01-04,10,11,9,10,5.5\n");
  expect(await answer()).toMatchObject({ generation: 2, job: "job-2" });
  expect(seen).toEqual([2]);
});
