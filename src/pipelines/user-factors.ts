import { readdir, readFile, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { readYaml } from "#data/mapping/located-yaml";
import { factorSets } from "#factors/catalogue";
import { readFactorSet } from "#factors/declared-set";
import { FactorError, type FactorProblem } from "#factors/errors";
import type { FactorSet } from "#factors/factor-set";
import { registryOf, type FactorRegistry } from "#factors/registry";
import type { Workspace } from "./workspace.ts";

/**
 * Factors that a user adds without touching the engine: every `factors/*.yaml` of the workspace is one namespace, every
 * `factors/*.ts` (or `.js`, `.mjs`) a module whose exports are factor sets. A module is a program and runs with all rights
 * of the process. Files that begin with `_` or `.` are left alone. What is wrong with a file or a factor is reported
 * with its place; everything else loads.
 */
export interface UserFactors {
  readonly sets: readonly FactorSet[];
  /** The file of each set, as it is named in errors. */
  readonly origins: ReadonlyMap<FactorSet, string>;
  readonly problems: readonly FactorProblem[];
}

const YAML = new Set([".yaml", ".yml"]);
const MODULES = new Set([".ts", ".mts", ".js", ".mjs"]);

/**
 * What the files of a folder declare, in code-point order of their names. A folder that is not there holds none.
 * Throws `FactorError` FACTOR_FILE_UNREADABLE when the folder cannot be listed.
 */
export async function loadUserFactors(folder: string): Promise<UserFactors> {
  const origins = new Map<FactorSet, string>();
  const problems: FactorProblem[] = [];
  for (const file of await factorFiles(folder)) {
    try {
      const values = YAML.has(extname(file)) ? await yamlContent(file) : await moduleExports(file);
      for (const { value, ...site } of values) {
        const read = readFactorSet(value, { file, ...site });
        problems.push(...read.problems);
        if (read.set !== null) origins.set(read.set, file);
      }
    } catch (error) {
      if (error instanceof FactorError) problems.push(error);
      // What a module exports may run when it is read, and throw.
      else if (MODULES.has(extname(file))) problems.push(moduleFailure(file, error));
      else throw error;
    }
  }
  return { sets: [...origins.keys()], origins, problems };
}

export interface WorkspaceFactors {
  readonly registry: FactorRegistry;
  /** Of files, of factors, and clashes of names. */
  readonly problems: readonly FactorProblem[];
  /** Namespace of each of the workspace's sets → its file. */
  readonly files: ReadonlyMap<string, string>;
}

/** The shipped sets and those of the workspace in one registry; shipped names win. */
export async function workspaceFactors(workspace: Workspace): Promise<WorkspaceFactors> {
  const own = await loadUserFactors(join(workspace.root, "factors"));
  const registry = registryOf([...factorSets, ...own.sets], own.origins);
  const taken = new Set(factorSets.map((set) => set.name.toLowerCase()));
  const files = [...own.origins]
    .map(([set, file]) => [set.name, file] as const)
    .filter(([name]) => !taken.has(name.toLowerCase()));
  return { registry, problems: [...own.problems, ...registry.clashes], files: new Map(files.toReversed()) };
}

async function factorFiles(folder: string): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (isErrno(error) && (error.code === "ENOENT" || error.code === "ENOTDIR")) return [];
    throw unreadable(folder, error);
  }
  return names
    .filter((name) => !/^[._]/.test(name) && !name.endsWith(".d.ts"))
    .filter((name) => YAML.has(extname(name)) || MODULES.has(extname(name)))
    .sort()
    .map((name) => join(folder, name));
}

interface Content {
  readonly value: unknown;
  readonly placeOf?: NonNullable<Parameters<typeof readFactorSet>[1]["placeOf"]>;
}

async function yamlContent(file: string): Promise<Content[]> {
  const read = readYaml(await textOf(file));
  if ("yaml" in read) return [read.yaml];
  const { message, row, column } = read.fault;
  throw new FactorError("FACTOR_FILE_SYNTAX", message, {
    remedy: "correct the YAML at this place; a text with `: `, `#` or a leading sign goes into quotes",
    place: { file, row, column },
  });
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** The exports that are objects; a module that has none is refused. */
async function moduleExports(file: string): Promise<Content[]> {
  // The time of change makes a module that was edited another one: Node keeps what it has imported.
  const changed = await timeOfChange(file);
  const rejected: unknown[] = [];
  const note = (reason: unknown): unknown => rejected.push(reason);
  // A promise that the module leaves to fail would end the process after it was imported.
  process.on("unhandledRejection", note);
  let exported: Readonly<Record<string, unknown>>;
  try {
    exported = (await import(`${pathToFileURL(file).href}?changed=${changed}`)) as Record<string, unknown>;
    await setImmediate();
  } catch (error) {
    throw moduleFailure(file, error);
  } finally {
    process.off("unhandledRejection", note);
  }
  if (rejected.length > 0) throw moduleFailure(file, rejected[0]);
  // A file without any import or export is CommonJS to Node and exports an empty object.
  const values = [...new Set(Object.values(exported))].filter(
    (value) => typeof value === "object" && value !== null && Object.keys(value).length > 0,
  );
  if (values.length > 0) return values.map((value) => ({ value }));
  throw new FactorError("FACTOR_FILE_CONTENT", "the module exports no factor set", {
    remedy:
      "export default { name, title, source, factors: [{ name, expression }] }; begin the file's name with _ if it is no set",
    place: { file },
  });
}

async function timeOfChange(file: string): Promise<number> {
  let stats: Awaited<ReturnType<typeof stat>>;
  try {
    stats = await stat(file);
  } catch (error) {
    throw unreadable(file, error);
  }
  if (!stats.isFile()) throw unreadable(file, new Error("it is no file"));
  return stats.mtimeMs;
}

function moduleFailure(file: string, error: unknown): FactorError {
  const message =
    error instanceof Error ? `${error.name}: ${error.message.split("\n", 1)[0]}` : String(error);
  const row = rowOf(file, error);
  const place = { file, ...(row === undefined ? {} : { row }) };
  if (error instanceof SyntaxError) {
    return new FactorError("FACTOR_FILE_SYNTAX", message, {
      remedy: "correct the module; Node runs TypeScript whose types can be erased (no enum, no namespace)",
      place,
      cause: error,
    });
  }
  return new FactorError("FACTOR_MODULE_THREW", `the module threw ${message}`, {
    remedy: "run the file by itself with node to see the failure",
    place,
    cause: error,
  });
}

/** Line of the module that a stack names first. */
function rowOf(file: string, error: unknown): number | undefined {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  for (const name of [pathToFileURL(file).href, file]) {
    const at = stack.indexOf(name);
    const line = at < 0 ? null : /^(?:\?changed=[\d.]+)?:(\d+)/.exec(stack.slice(at + name.length));
    if (line !== null) return Number(line[1]);
  }
  return undefined;
}

function unreadable(file: string, error: unknown): FactorError {
  const found = error instanceof Error ? error.message : String(error);
  return new FactorError("FACTOR_FILE_UNREADABLE", found, {
    remedy: "make the file readable, or move it out of the folder",
    place: { file },
    cause: error,
  });
}

function isErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error;
}
