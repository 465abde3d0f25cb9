import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { allowed, typeOnly, vendorHome, withoutNode } from "./dependency-table.ts";

export const sourceRoot = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "src");

export interface SourceFile {
  /** Path below src/, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

export interface ImportArrow {
  readonly from: string;
  /** As written: `#market/day`, `./panel.ts`, `node:fs`, `yaml`. */
  readonly specifier: string;
  /** Path below src/ without extension when it is ours, else null. */
  readonly target: string | null;
  readonly typesOnly: boolean;
}

export function readSources(root = sourceRoot): SourceFile[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => ({ path: path.split(sep).join("/"), text: readFileSync(join(root, path), "utf8") }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** `import … from "x"`, `export … from "x"`, `import "x"`: one statement, which never contains a quote or semicolon before its specifier. */
const STATEMENT = /^(import|export)\b([^;"'`=()]*)["']([^"'\n]+)["']/gm;
const DYNAMIC = /\bimport\(\s*["']([^"'\n]+)["']/g;

export function importsOf(file: SourceFile): ImportArrow[] {
  const arrows: ImportArrow[] = [];
  const add = (specifier: string, typesOnly: boolean): void => {
    arrows.push({ from: file.path, specifier, target: targetOf(file.path, specifier), typesOnly });
  };
  for (const match of file.text.matchAll(STATEMENT)) {
    const clause = match[2]!.trim();
    if (clause !== "" && !/\bfrom$/.test(clause)) continue;
    const names = /\{([^}]*)\}/.exec(clause)?.[1];
    const allNamesAreTypes =
      names !== undefined &&
      clause.startsWith("{") &&
      names
        .split(",")
        .filter((name) => name.trim() !== "")
        .every((name) => /^type\s/.test(name.trim()));
    add(match[3]!, /^type\s/.test(clause) || allNamesAreTypes);
  }
  for (const match of file.text.matchAll(DYNAMIC)) add(match[1]!, false);
  return arrows;
}

function targetOf(from: string, specifier: string): string | null {
  if (specifier.startsWith("#")) return specifier.slice(1);
  if (specifier.startsWith(".")) return posix.join(posix.dirname(from), specifier).replace(/\.ts$/, "");
  return null;
}

export function folderOf(path: string): string {
  const slash = path.indexOf("/");
  return slash < 0 ? "index" : path.slice(0, slash);
}

const isTest = (path: string): boolean => /(\.test\.ts$|(^|\/)testing\/)/.test(path);

/** Every way in which the files break the table, as sentences. */
export function violations(files: readonly SourceFile[]): string[] {
  const found: string[] = [];
  for (const file of files) {
    const folder = folderOf(file.path);
    if (allowed[folder] === undefined) found.push(`${file.path}: folder ${folder} is not in the table`);
    for (const arrow of importsOf(file)) {
      const say = (what: string): number => found.push(`${file.path}: ${what} (${arrow.specifier})`);
      if (arrow.target === null) {
        if (!isTest(file.path)) outside(folder, arrow, say);
        continue;
      }
      if (!arrow.specifier.startsWith("#") && !/\.(ts|json)$/.test(arrow.specifier))
        say("a relative import ends in .ts");
      if (arrow.target.startsWith("../")) {
        if (arrow.target !== "../package.json") say("nothing outside src/ is imported but package.json");
        continue;
      }
      const target = folderOf(arrow.target);
      if (target === folder) {
        const sameDirectory = posix.dirname(arrow.target) === posix.dirname(file.path);
        if (arrow.specifier.startsWith("#") && sameDirectory)
          say("a neighbour is reached by a relative path");
        continue;
      }
      if (!arrow.specifier.startsWith("#") && folder !== "index")
        say("another folder is reached as #folder/module");
      if (allowed[folder]?.includes(target)) continue;
      if (arrow.typesOnly && typeOnly[folder]?.includes(arrow.target)) continue;
      if (isTest(file.path)) continue;
      say(`${folder} may not import ${target}`);
    }
  }
  return found;
}

function outside(folder: string, arrow: ImportArrow, say: (what: string) => number): void {
  const { specifier, from } = arrow;
  if (specifier.startsWith("node:")) {
    if ((withoutNode as readonly string[]).includes(folder)) say(`${folder} imports nothing from Node`);
    return;
  }
  const name = Object.keys(vendorHome).find(
    (vendor) => specifier === vendor || specifier.startsWith(`${vendor}/`),
  );
  if (name !== undefined && !vendorHome[name]!.some((home) => from.startsWith(home))) {
    say(`${name} belongs to ${vendorHome[name]!.join(" or ")}`);
  }
}

/** Cycles among value imports, each as the list of files on it. */
export function cycles(files: readonly SourceFile[]): string[][] {
  const edges = new Map<string, string[]>();
  for (const file of files) {
    const targets = importsOf(file)
      .filter((arrow) => arrow.target !== null && !arrow.typesOnly)
      .map((arrow) => `${arrow.target}.ts`);
    edges.set(file.path, targets);
  }
  const found: string[][] = [];
  const state = new Map<string, "open" | "done">();
  const path: string[] = [];
  const visit = (node: string): void => {
    state.set(node, "open");
    path.push(node);
    for (const next of edges.get(node) ?? []) {
      if (state.get(next) === "open") found.push([...path.slice(path.indexOf(next)), next]);
      else if (!state.has(next) && edges.has(next)) visit(next);
    }
    path.pop();
    state.set(node, "done");
  };
  for (const node of edges.keys()) if (!state.has(node)) visit(node);
  return found;
}
