import { DataError } from "#data/errors";
import { listStores, type OpenedStore } from "#data/store/open-store";
import type { StoreKey } from "#data/store/panel-store";
import type { FactorRegistry } from "#factors/registry";
import { parseDay, type Day } from "#market/day";
import { workspaceFactors, type WorkspaceFactors } from "../user-factors.ts";
import { storeName, storeOf, workspaceAt } from "../workspace.ts";
import { engineOf } from "./factor-parts.ts";
import type { PrecomputeOrder } from "./order-schema.ts";
import { planPrecompute, type PrecomputePlan } from "./plan.ts";
import type { StorableSet } from "./portable-set.ts";

/** An order that says which store it means. */
export type ResolvedOrder = PrecomputeOrder & { readonly store: string };

/** The sets that are computed unless others are asked for; a workspace's own and those that are stored are added. */
export const DEFAULT_SETS = ["alpha158", "tech", "fund", "base"] as const;

/** Throws STORE_MISSING, DATA_VALUE_INVALID when it is not clear which store is meant. */
export async function resolveOrder(root: string, order: PrecomputeOrder): Promise<ResolvedOrder> {
  return { ...order, store: storeName(await orderedStore(root, order.store)) };
}

/**
 * An order for each store that it means: the one it names, or every daily one. Throws as `resolveOrder`; where codes are
 * named the store must be clear, because they belong to one.
 */
export async function resolveOrders(root: string, order: PrecomputeOrder): Promise<readonly ResolvedOrder[]> {
  const daily = (await listStores(workspaceAt(root).stores)).filter(({ freq }) => freq === "day");
  if (order.store !== undefined || order.codes !== undefined || daily.length < 2)
    return [await resolveOrder(root, order)];
  return daily.map((key) => ({ ...order, store: storeName(key) }));
}

export interface PlacedOrder {
  readonly store: OpenedStore;
  readonly sets: readonly StorableSet[];
  readonly factors: WorkspaceFactors;
}

/**
 * The store and the sets that an order means. Throws STORE_MISSING, DATA_VALUE_INVALID when it is not clear which store,
 * EXPRESSION_SET_UNKNOWN.
 */
export async function placeOrder(root: string, order: PrecomputeOrder): Promise<PlacedOrder> {
  const workspace = workspaceAt(root);
  const store = storeOf(workspace, await orderedStore(root, order.store));
  const factors = await workspaceFactors(workspace);
  const { registry, files } = factors;
  const names = order.sets ?? [...DEFAULT_SETS, ...files.keys(), ...(await storedSets(store, registry))];
  const sets = names.includes("all") ? registry.sets : [...new Set(names)].map((name) => registry.set(name));
  return { store, sets, factors };
}

/** Registered sets that the store holds: what was asked for once is kept current. */
async function storedSets(store: OpenedStore, registry: FactorRegistry): Promise<readonly string[]> {
  await using snapshot = await store.snapshot();
  const known = new Set(registry.sets.map(({ name }) => name));
  return [...snapshot.fieldSets.values()].flatMap(({ name, role }) =>
    role === "factor" && known.has(name) ? [name] : [],
  );
}

export interface OrderedRun {
  readonly run: string;
  /** Version of the program, for the lineage. */
  readonly version: string;
  readonly shardsAtLeast: number;
  /** The generation that the run holds; the current one unless told. */
  readonly generation?: number;
}

/**
 * The plan of an order, from the generation that the run holds. Throws as `planPrecompute` and `placeOrder` do, and
 * DATA_DATE_INVALID.
 */
export async function planOrder(
  { store, sets }: PlacedOrder,
  order: PrecomputeOrder,
  { run, version, shardsAtLeast, generation }: OrderedRun,
): Promise<PrecomputePlan> {
  const { mode, vwap, codes, damaged } = order;
  const start = dayOf(order.start, "start");
  const end = dayOf(order.end, "end");
  await using base = await store.snapshot(generation);
  return await planPrecompute(store, base, {
    run,
    sets,
    engine: engineOf({ engine: version, ...(vwap === undefined ? {} : { vwap }) }),
    shardsAtLeast,
    ...(damaged === undefined ? {} : { damaged: new Set(damaged) }),
    ...(mode === undefined ? {} : { mode }),
    ...(codes === undefined ? {} : { codes: new Set(codes) }),
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
  });
}

async function orderedStore(root: string, name?: string): Promise<StoreKey> {
  const { stores } = workspaceAt(root);
  const keys = await listStores(stores);
  const names = keys.map(storeName);
  if (keys.length === 0) {
    throw new DataError("STORE_MISSING", `the workspace ${root} holds no store`, {
      remedy: "import some data first: `alphaloom import SOURCE`",
      place: { file: stores },
    });
  }
  const daily = keys.filter(({ freq }) => freq === "day");
  const found =
    name === undefined ? daily : keys.filter((key) => storeName(key) === name || key.calendar === name);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  throw new DataError(
    "DATA_VALUE_INVALID",
    name === undefined ? `there are ${daily.length} daily stores` : `there is no store ${name}`,
    { remedy: `name one of ${names.join(", ")}` },
  );
}

function dayOf(text: string | undefined, what: string): Day | undefined {
  if (text === undefined) return undefined;
  const day = parseDay(text);
  if (!Number.isNaN(day)) return day;
  throw new DataError("DATA_DATE_INVALID", `${what} "${text}" is not a date`, {
    remedy: "write it as YYYY-MM-DD",
  });
}
