import { ExpressionError } from "#expression/errors";
import { nearestName } from "#expression/syntax/suggestion";
import { GraphBuilder, treeOf } from "#expression/ir/build";
import { lookAheadOf, lookBackOf } from "#expression/operators/reach";
import type { Dtype } from "#expression/operators/dtype";
import { FactorError } from "./errors.ts";
import type { FactorDeclaration, FactorSet } from "./factor-set.ts";

/**
 * Every factor under every name it can be called by: `tech.MA5` always, `MA5` where the set's bare names are flat, and its
 * alias (`alpha_019`). A name belongs to one factor: who claims a taken one is left out and reported as FACTOR_CLASH with
 * both claimants, never dropped in silence. Names are told apart without regard to case, because Parquet readers and
 * some file systems do not see it; they are looked up as they are written.
 */
export interface RegisteredFactor {
  /** `namespace.name`. */
  readonly id: string;
  readonly set: FactorSet;
  readonly factor: FactorDeclaration;
  readonly version: string;
  readonly source: string;
  /** The further names that find it. */
  readonly aliases: readonly string[];
}

/** What the compiler works out of the expression. */
export interface FactorFacts {
  /** Rows before its own that a value depends on; Infinity when all earlier ones. */
  readonly lookBack: number;
  readonly lookAhead: number;
  readonly type: Dtype;
}

export interface FactorFilter {
  readonly set?: string;
  readonly category?: string;
  /** A word in a name, title, description or formula, in either language, case ignored. */
  readonly search?: string;
}

export interface FactorRegistry {
  readonly sets: readonly FactorSet[];
  /** What was left out, and why. */
  readonly clashes: readonly FactorError[];
  /** The set of that name. Throws `ExpressionError` EXPRESSION_SET_UNKNOWN. */
  set(name: string): FactorSet;
  /** The factor of that name or alias. */
  find(name: string): RegisteredFactor | undefined;
  /** As `find`. Throws `FactorError` FACTOR_UNKNOWN with the nearest name. */
  factor(name: string): RegisteredFactor;
  /** In the order of the sets. */
  list(filter?: FactorFilter): RegisteredFactor[];
  /** Ids of the factors that have the same values: their expressions are one node of the graph. */
  twins(entry: RegisteredFactor): readonly string[];
}

/** A registry of these sets; a set that is named later gives way to the earlier ones. `origins`: the file of a user's set. */
export function registryOf(
  sets: readonly FactorSet[],
  origins: ReadonlyMap<FactorSet, string> = new Map(),
): FactorRegistry {
  const clashes: FactorError[] = [];
  const kept: FactorSet[] = [];
  const entries: RegisteredFactor[] = [];
  const claims = new Map<string, Claim>();
  const namespaces = new Map<string, FactorSet>();
  for (const set of sets) {
    const holder = namespaces.get(set.name.toLowerCase());
    if (holder !== undefined) {
      clashes.push(namespaceClash(set, { origin: origins.get(set), holder: origins.get(holder) }));
      continue;
    }
    namespaces.set(set.name.toLowerCase(), set);
    const factors: FactorDeclaration[] = [];
    for (const factor of set.factors) {
      const entry = entryOf(set, factor);
      const names = [entry.id, ...entry.aliases];
      const own = new Map<string, Claim>();
      const clash = names
        .map((name) => {
          const holding = claims.get(name.toLowerCase()) ?? own.get(name.toLowerCase());
          own.set(name.toLowerCase(), { name, entry });
          return holding === undefined ? null : { name, holding, file: origins.get(set) };
        })
        .find((each) => each !== null);
      if (clash !== undefined) {
        clashes.push(nameClash(entry, clash));
        continue;
      }
      for (const [key, claim] of own) claims.set(key, claim);
      entries.push(entry);
      factors.push(factor);
    }
    kept.push(factors.length === set.factors.length ? set : { ...set, factors });
  }
  return new Registry(kept, { entries, clashes, claims });
}

interface Claim {
  /** As its holder spells it. */
  readonly name: string;
  readonly entry: RegisteredFactor;
}

class Registry implements FactorRegistry {
  readonly sets: readonly FactorSet[];
  readonly clashes: readonly FactorError[];
  readonly #entries: readonly RegisteredFactor[];
  readonly #claims: ReadonlyMap<string, Claim>;
  #twins: ReadonlyMap<string, readonly string[]> | null = null;

  constructor(
    sets: readonly FactorSet[],
    parts: {
      readonly entries: readonly RegisteredFactor[];
      readonly clashes: readonly FactorError[];
      readonly claims: ReadonlyMap<string, Claim>;
    },
  ) {
    this.sets = sets;
    this.clashes = parts.clashes;
    this.#entries = parts.entries;
    this.#claims = parts.claims;
  }

  set(name: string): FactorSet {
    const found = this.sets.find((candidate) => candidate.name === name);
    if (found !== undefined) return found;
    const names = this.sets.map((candidate) => candidate.name);
    const nearest = nearestName(name, names);
    throw new ExpressionError("EXPRESSION_SET_UNKNOWN", `there is no factor set ${name}`, {
      remedy: `${nearest === undefined ? "" : `did you mean ${nearest}? `}the sets are ${names.join(", ")}`,
    });
  }

  find(name: string): RegisteredFactor | undefined {
    const claim = this.#claims.get(name.toLowerCase());
    return claim?.name === name ? claim.entry : undefined;
  }

  factor(name: string): RegisteredFactor {
    const found = this.find(name);
    if (found !== undefined) return found;
    const spelled = this.#claims.get(name.toLowerCase())?.name;
    const nearest =
      spelled ??
      nearestName(
        name,
        [...this.#claims.values()].map((claim) => claim.name),
      );
    throw new FactorError("FACTOR_UNKNOWN", `there is no factor ${name}`, {
      remedy: `${nearest === undefined ? "" : `did you mean ${nearest}? `}\`factors list --search TEXT\` looks for one`,
    });
  }

  list(filter: FactorFilter = {}): RegisteredFactor[] {
    const wanted = filter.search?.toLowerCase();
    return this.#entries.filter(
      (entry) =>
        (filter.set === undefined || entry.set.name === filter.set) &&
        (filter.category === undefined || entry.factor.category === filter.category) &&
        (wanted === undefined || textsOf(entry).some((text) => text.toLowerCase().includes(wanted))),
    );
  }

  twins(entry: RegisteredFactor): readonly string[] {
    this.#twins ??= twinsAmong(this.#entries);
    return this.#twins.get(entry.id)?.filter((id) => id !== entry.id) ?? [];
  }
}

function entryOf(set: FactorSet, factor: FactorDeclaration): RegisteredFactor {
  return {
    id: `${set.name}.${factor.name}`,
    set,
    factor,
    version: factor.version ?? set.version ?? "1",
    source: factor.source ?? set.source,
    aliases: [
      ...new Set([
        ...(set.flatNames === true ? [factor.name] : []),
        ...(factor.alias === undefined ? [] : [factor.alias]),
      ]),
    ],
  };
}

/** Throws `ExpressionError` when the expression cannot be compiled. */
export function factsOf(factor: FactorDeclaration): FactorFacts {
  const builder = new GraphBuilder();
  builder.add(factor.name, treeOf(factor.expression));
  const { nodes, outputs } = builder.graph();
  const { reach, type } = nodes[outputs[0]!.node]!;
  return { lookBack: lookBackOf(reach), lookAhead: lookAheadOf(reach), type };
}

function textsOf({ id, aliases, factor }: RegisteredFactor): string[] {
  const { title, description, formula, category } = factor;
  return [
    id,
    ...aliases,
    ...[title?.zh, title?.en, description?.zh, description?.en, formula, category].filter(
      (text) => text !== undefined,
    ),
  ];
}

function twinsAmong(entries: readonly RegisteredFactor[]): ReadonlyMap<string, readonly string[]> {
  const builder = new GraphBuilder();
  for (const { id, factor } of entries) builder.add(id, treeOf(factor.expression));
  const byNode = Map.groupBy(builder.graph().outputs, (output) => output.node);
  const twins = new Map<string, readonly string[]>();
  for (const outputs of byNode.values()) {
    if (outputs.length === 1) continue;
    const ids = outputs.map((output) => output.name);
    for (const id of ids) twins.set(id, ids);
  }
  return twins;
}

function namespaceClash(
  set: FactorSet,
  files: { readonly origin: string | undefined; readonly holder: string | undefined },
): FactorError {
  return new FactorError(
    "FACTOR_CLASH",
    `the namespace ${set.name} belongs to ${files.holder === undefined ? "a shipped set" : files.holder}`,
    {
      remedy: "choose another namespace for the file",
      ...(files.origin === undefined ? {} : { place: { file: files.origin } }),
    },
  );
}

function nameClash(
  entry: RegisteredFactor,
  site: { readonly name: string; readonly holding: Claim; readonly file: string | undefined },
): FactorError {
  const { name, holding, file } = site;
  const spelled = holding.name === name ? "" : ` (as ${holding.name})`;
  return new FactorError(
    "FACTOR_CLASH",
    `${entry.id} claims the name ${name}, which belongs to ${holding.entry.id}${spelled}`,
    {
      remedy: "rename the factor, or take the alias away",
      place: { factor: entry.factor.name, ...(file === undefined ? {} : { file }) },
    },
  );
}
