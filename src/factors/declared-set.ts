import { ExpressionError } from "#expression/errors";
import { refuseLookAhead } from "./compute.ts";
import { FactorError, type FactorPlace, type FactorProblem } from "./errors.ts";
import type { Bilingual, FactorDeclaration, FactorSet } from "./factor-set.ts";

/**
 * Reads a factor set from a value that nobody has checked: a YAML file's content, a module's export. A factor that is not
 * declared properly, cannot be compiled or looks ahead is reported with its place, and the others stay.
 */
export interface DeclaredSet {
  /** Null when the value is no set at all; then the problems say why. */
  readonly set: FactorSet | null;
  readonly problems: readonly FactorProblem[];
}

export interface DeclarationSite {
  readonly file: string;
  /** Line and column of the value at a path, where the file has them; `offset` counts characters into a text. */
  placeOf?(
    path: readonly (string | number)[],
    offset?: number,
  ): { readonly row: number; readonly column: number } | undefined;
}

const NAMESPACE = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;
const NAME = /^[\p{L}_][\p{L}\p{N}_]{0,63}$/u;
const SET_KEYS = ["namespace", "name", "title", "source", "version", "flatNames", "factors"];
const FACTOR_KEYS = [
  "name",
  "expression",
  "alias",
  "title",
  "description",
  "formula",
  "source",
  "category",
  "unit",
  "version",
  "parameters",
];

type Path = readonly (string | number)[];
type Fields = Readonly<Record<string, unknown>>;

export function readFactorSet(value: unknown, site: DeclarationSite): DeclaredSet {
  const reader = new Reader(site);
  try {
    return reader.set(value);
  } catch (error) {
    if (!(error instanceof FactorError)) throw error;
    return { set: null, problems: [error] };
  }
}

class Reader {
  readonly #site: DeclarationSite;

  constructor(site: DeclarationSite) {
    this.#site = site;
  }

  set(value: unknown): DeclaredSet {
    if (!isFields(value)) {
      throw this.#refuse([], `the file holds ${shown(value)}, expected a namespace and factors`);
    }
    this.#onlyKeys(value, { path: [], keys: SET_KEYS });
    const key = value["namespace"] === undefined ? "name" : "namespace";
    const name = value[key];
    if (typeof name !== "string" || !NAMESPACE.test(name)) {
      const rule = "letters, digits and _, a letter first, at most 64";
      throw this.#refuse([key], `namespace is ${shown(name)}, expected ${rule}`);
    }
    const { factors, flatNames } = value;
    if (!Array.isArray(factors) || factors.length === 0) {
      throw this.#refuse(
        ["factors"],
        `factors is ${Array.isArray(factors) ? "an empty list" : shown(factors)}, expected a list of at least one factor`,
      );
    }
    if (flatNames !== undefined && typeof flatNames !== "boolean") {
      throw this.#refuse(["flatNames"], `flatNames is ${shown(flatNames)}, expected true or false`);
    }
    const version = this.#version(value, []);
    const problems: FactorProblem[] = [];
    const kept: FactorDeclaration[] = [];
    for (const [index, item] of factors.entries()) {
      const factor = this.#admitted(item as unknown, { index, namespace: name, problems });
      if (factor !== null) kept.push(factor);
    }
    const set: FactorSet = {
      name,
      title: this.#bilingual(value["title"], ["title"]) ?? { zh: name, en: name },
      source: this.#text(value, "source", []) ?? this.#site.file.split(/[\\/]/).at(-1)!,
      factors: kept,
      ...(version === undefined ? {} : { version }),
      ...(flatNames === undefined ? {} : { flatNames }),
    };
    return { set, problems };
  }

  /** The factor when it is declared properly, compiles and does not look ahead, else null and a problem more. */
  #admitted(
    item: unknown,
    of: { readonly index: number; readonly namespace: string; readonly problems: FactorProblem[] },
  ): FactorDeclaration | null {
    const path = ["factors", of.index];
    try {
      const factor = this.#factor(item, path);
      const id = `${of.namespace}.${factor.name}`;
      try {
        refuseLookAhead(id, factor.expression);
        return factor;
      } catch (error) {
        if (!(error instanceof ExpressionError)) throw error;
        const { code, message, remedy, column } = error;
        const place = this.#place([...path, "expression"], Math.max(0, column - 1));
        of.problems.push({
          code,
          message: message.startsWith(id) ? message : `${id}: ${message}`,
          remedy,
          place: { ...place, factor: factor.name },
        });
        return null;
      }
    } catch (error) {
      if (!(error instanceof FactorError)) throw error;
      of.problems.push(error);
      return null;
    }
  }

  #factor(item: unknown, path: Path): FactorDeclaration {
    if (!isFields(item)) {
      throw this.#refuse(path, `a factor is ${shown(item)}, expected a name and an expression`);
    }
    const { name, expression } = item;
    if (typeof name !== "string" || !NAME.test(name)) {
      const rule = "letters, digits and _, no digit first, at most 64";
      throw this.#refuse([...path, "name"], `the name of a factor is ${shown(name)}, expected ${rule}`);
    }
    this.#onlyKeys(item, { path, keys: FACTOR_KEYS, factor: name });
    if (typeof expression !== "string") {
      throw this.#refuse(
        [...path, "expression"],
        `expression of ${name} is ${shown(expression)}, expected a text such as Mean($close, 5)/$close`,
        name,
      );
    }
    const alias = this.#text(item, "alias", path);
    if (alias !== undefined && !NAME.test(alias)) {
      throw this.#refuse([...path, "alias"], `alias of ${name} is ${shown(alias)}, expected a name`, name);
    }
    const texts = {
      alias,
      title: this.#bilingual(item["title"], [...path, "title"]),
      description: this.#bilingual(item["description"], [...path, "description"]),
      formula: this.#text(item, "formula", path),
      source: this.#text(item, "source", path),
      category: this.#text(item, "category", path),
      unit: this.#text(item, "unit", path),
      version: this.#version(item, path),
      parameters: this.#parameters(item["parameters"], [...path, "parameters"]),
    };
    return { name, expression, ...withoutUndefined(texts) };
  }

  #text(fields: Fields, key: string, path: Path): string | undefined {
    const value = fields[key];
    if (value === undefined || typeof value === "string") return value;
    throw this.#refuse([...path, key], `${key} is ${shown(value)}, expected a text`);
  }

  #version(fields: Fields, path: Path): string | undefined {
    const { version } = fields;
    return typeof version === "number" ? String(version) : this.#text(fields, "version", path);
  }

  /** A text for both languages, or a text each. */
  #bilingual(value: unknown, path: Path): Bilingual | undefined {
    if (value === undefined) return undefined;
    if (typeof value === "string") return { zh: value, en: value };
    if (isFields(value)) {
      const zh = this.#text(value, "zh", path);
      const en = this.#text(value, "en", path);
      const either = zh ?? en;
      if (either !== undefined) return { zh: zh ?? either, en: en ?? either };
    }
    throw this.#refuse(
      path,
      `${path.at(-1)} is ${shown(value)}, expected a text, or one each under zh and en`,
    );
  }

  #parameters(value: unknown, path: Path): Readonly<Record<string, number | string>> | undefined {
    if (value === undefined) return undefined;
    if (isFields(value)) {
      const entries = Object.entries(value);
      const wrong = entries.find(([, each]) => typeof each !== "number" && typeof each !== "string");
      if (wrong === undefined) return value as Readonly<Record<string, number | string>>;
      throw this.#refuse(
        [...path, wrong[0]],
        `parameter ${wrong[0]} is ${shown(wrong[1])}, expected a number or text`,
      );
    }
    throw this.#refuse(path, `parameters is ${shown(value)}, expected names with numbers or texts`);
  }

  #onlyKeys(
    fields: Fields,
    site: { readonly path: Path; readonly keys: readonly string[]; readonly factor?: string },
  ): void {
    const unknown = Object.keys(fields).find((key) => !site.keys.includes(key));
    if (unknown === undefined) return;
    throw this.#refuse(
      [...site.path, unknown],
      `${site.factor ?? "the file"} has a key ${unknown}; allowed are ${site.keys.join(", ")}`,
      site.factor,
    );
  }

  #place(path: Path, offset = 0): FactorPlace {
    const found = this.#site.placeOf?.(path, offset) ?? this.#site.placeOf?.(path.slice(0, -1));
    return { file: this.#site.file, ...found };
  }

  #refuse(path: Path, found: string, factor?: string): FactorError {
    const inFactor = path[0] === "factors" && path.length > 1;
    return new FactorError(inFactor ? "FACTOR_DECLARATION" : "FACTOR_FILE_CONTENT", found, {
      remedy: "docs/guides/add-a-factor.md shows a whole file and lists the keys",
      place: { ...this.#place(path), ...(factor === undefined ? {} : { factor }) },
    });
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as never;
}

/** A value as an error message shows it: short, and never an object's insides. */
function shown(value: unknown): string {
  switch (typeof value) {
    case "undefined":
      return "missing";
    case "string":
      return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}…` : value);
    case "object":
      return value === null ? "empty" : Array.isArray(value) ? "a list" : "keys and values";
    case "number":
    case "boolean":
    case "bigint":
      return String(value);
    default:
      return `a ${typeof value}`;
  }
}
