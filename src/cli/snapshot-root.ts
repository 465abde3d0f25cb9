import { resolve } from "node:path";
import type { Command } from "commander";
import type { CommandContext } from "./command.ts";
import { readSettings } from "./workspace-settings.ts";

export interface RootOptions {
  readonly root?: string;
}

export function withRootOption(command: Command): Command {
  return command.option(
    "--root <dir>",
    "where snapshots lie; `snapshot: { root }` of settings.yaml, else snapshots in the workspace",
  );
}

/** `--root`, the workspace's setting (below the workspace unless absolute), or `<workspace>/snapshots`. */
export function rootOf({ workspace }: CommandContext, { root }: RootOptions): string {
  if (root !== undefined) return resolve(root);
  return resolve(workspace, readSettings(workspace).snapshot.root);
}
