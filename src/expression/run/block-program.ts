import { deliverFunction } from "#kernels/wasm/deliver-function";
import {
  FAMILY_PARAMETERS,
  familyFunction,
  HEADER_BYTES,
  type DataLayout,
} from "#kernels/wasm/family-function";
import type { Ring } from "#kernels/wasm/live-code";
import { encodeModule, type ModuleFunction } from "#kernels/wasm/module";
import type { Lanes } from "#kernels/wasm/lanes";
import { LoweringContext, type LoweringMode } from "../lower/context.ts";
import { loweringOf } from "../lower/lowerings.ts";
import type { BlockPlan, Stage } from "../plan/block-plan.ts";
import { reachWithin, streamsOf, type Family } from "../plan/families.ts";
import { leadsWithin } from "./append-reach.ts";

/** A block plan as a WebAssembly module for blocks of a certain shape. */
export interface BlockProgram {
  readonly plan: BlockPlan;
  readonly shape: BlockShape;
  readonly layout: DataLayout;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Place of each output among the results: those of a stage lie together. */
  readonly places: readonly number[];
  /** Half-open places by stage. */
  readonly delivered: readonly { readonly from: number; readonly to: number }[];
  /** By family name. */
  readonly versions: ReadonlyMap<string, FamilyVersions>;
}

export interface BlockShape {
  readonly rows: number;
  /** Instruments of a block, a multiple of 4. */
  readonly lanes: number;
  /** Most rows whose outputs one run delivers; default all. */
  readonly results?: number;
  /** Runs whose results can be in memory at once; default 1. */
  readonly areas?: number;
  /** Whether other threads may read the memory. */
  readonly shared?: boolean;
}

export interface FamilyVersions {
  /** Takes everything to be there; in the family's lanes. */
  readonly complete: VersionFacts;
  /** Masks what is missing, in float64 lanes; null where the complete one does that already. */
  readonly masked: VersionFacts | null;
}

export interface VersionFacts {
  readonly name: string;
  readonly lanes: Lanes;
  /** Of four instruments (f32x4) or two (f64x2). */
  readonly stateBytes: number;
  /** Whether a call computes two of these: two quads, or all four instruments. */
  readonly both: boolean;
  readonly recurrences: readonly VectorRecurrence[];
}

/** A recurrence inside of a family. */
export interface VectorRecurrence {
  /** Rows before the family's first one that windows over its results reach. */
  readonly lead: number;
  /** Rings of its state's numbers; null for one that nothing reads. */
  readonly places: readonly (Ring | null)[];
}

/** Rows at a time: few enough that rings and outputs of four quads stay in the second-level cache. */
export const CHUNK_ROWS = 64;
/** Instruments that are computed at once: one f32x4 vector, two f64x2. */
export const QUAD = 4;
/** Quads that deliver together: 16 float32 are a cache line. */
export const GROUP = 8;

/**
 * Arrays do not start at equal distances of 4 KB, where they would compete for the same cache lines. Every array has one
 * more row, into which goes what is computed only to fill the rings.
 */
const STAGGER = 64;

/** What fills the rings of a version and delivers nothing; of programs that deliver few of their rows. */
export function warmName(version: string): string {
  return `${version}.warm`;
}

export function compileBlocks(plan: BlockPlan, shape: BlockShape): BlockProgram {
  const layout = layoutOf(plan, shape);
  const { places, delivered } = placesOf(plan);
  const functions: ModuleFunction[] = [];
  const versions = new Map<string, FamilyVersions>();
  const add = (part: Part, mode: LoweringMode, suffix: string): VersionFacts => {
    const name = `${part.family.name}${suffix}`;
    const vectors = lowered(plan, { ...part, places }, mode);
    const brief = !mode.complete && !part.family.continuous;
    const twos = shape.lanes % (2 * QUAD) === 0;
    const { body, both, stateBytes, states } = familyFunction(vectors, layout, { brief, twos });
    functions.push({ name, body, parameters: FAMILY_PARAMETERS });
    // Worth its compilation where most rows are there for their successors.
    if (shape.results !== undefined) {
      const warm = familyFunction(vectors, layout, { brief, twos, warm: true });
      functions.push({ name: warmName(name), body: warm.body, parameters: FAMILY_PARAMETERS });
    }
    const leads = leadsWithin(plan.graph, part.family, part.stage.sources);
    const recurrences = states.map((state) => ({ places: state.places, lead: leads.get(state.key)! }));
    return { name, lanes: mode.lanes, stateBytes, both, recurrences };
  };
  for (const stage of plan.stages) {
    for (const family of stage.families) {
      const part = { stage, family };
      const { lanes, continuous, close } = family;
      const complete = add(part, { lanes, complete: !continuous, close }, "");
      const alike = continuous || !looksBack(plan, part);
      const masked = alike ? null : add(part, { lanes: "f64x2", complete: false }, ".masked");
      versions.set(family.name, { complete, masked });
    }
  }
  const quads = shape.lanes / QUAD;
  for (const size of new Set([Math.min(GROUP, quads), quads % GROUP])) {
    if (size > 0) functions.push(deliverFunction(layout, plan.precision, size));
  }
  const bytes = encodeModule(functions, { shared: shape.shared === true });
  return { plan, shape, layout, bytes, places, delivered, versions };
}

/** The program whose code exists already, as `compileBlocks` made it for the same plan and shape. */
export function programOf(
  plan: BlockPlan,
  shape: BlockShape,
  { bytes, versions }: Pick<BlockProgram, "bytes" | "versions">,
): BlockProgram {
  return { plan, shape, layout: layoutOf(plan, shape), bytes, ...placesOf(plan), versions };
}

function placesOf(plan: BlockPlan): Pick<BlockProgram, "places" | "delivered"> {
  const { outputs } = plan.graph;
  const places = outputs.map(() => -1);
  let next = 0;
  const delivered = plan.stages.map(({ families }) => {
    const from = next;
    const own = new Set(families.flatMap(({ targets }) => targets));
    for (const [index, { node }] of outputs.entries()) if (own.has(node)) places[index] = next++;
    return { from, to: next };
  });
  return { places, delivered };
}

interface Part {
  readonly stage: Stage;
  readonly family: Family;
}

/** Whether missing rows or values make a difference: a window, or an earlier row. */
function looksBack(plan: BlockPlan, { stage, family }: Part): boolean {
  if (family.reach > 0) return true;
  return family.targets.some((id) => streamsOf(plan.graph, id, stage.sources).size > 0);
}

function lowered(
  plan: BlockPlan,
  { stage, family, places }: Part & { readonly places: readonly number[] },
  mode: LoweringMode,
): LoweringContext["vectors"] {
  const { graph, precision } = plan;
  const { sources } = stage;
  const own = new Set(family.targets);
  const context = new LoweringContext(graph, mode, { sources, loweringOf });
  const outputs = new Map<number, number[]>();
  for (const [index, { node }] of graph.outputs.entries()) {
    if (own.has(node) && plan.outputLanes[index] === family.lanes)
      outputs.set(node, [...(outputs.get(node) ?? []), index]);
  }
  const reach = reachWithin(graph, sources);
  const blends = mode.lanes !== family.lanes;
  for (const id of family.targets) {
    const delivered = precision === "f32" ? context.delivered(id) : context.number(id);
    const unless = blends ? context.fitForFloat32(streamsOf(graph, id, sources), reach(id)) : null;
    for (const index of outputs.get(id) ?? []) {
      context.vectors.store({
        kind: "output",
        index: places[index]!,
        type: precision,
        value: delivered,
        unless,
      });
    }
    const isMade = !sources.has(id) && plan.slotLanes.get(id) === family.lanes;
    const target = isMade ? plan.sources.get(id) : undefined;
    if (target !== undefined) context.vectors.store({ kind: "slot", target, value: context.number(id) });
  }
  return context.vectors;
}

function layoutOf(plan: BlockPlan, shape: BlockShape): DataLayout {
  const reach = Math.max(0, ...plan.stages.flatMap(({ families }) => families.map((each) => each.reach)));
  const pad = 2 * reach + 2;
  const stride = (width: number): number => (pad + shape.rows) * width + STAGGER;
  const f32 = { offset: HEADER_BYTES, stride: stride(16) };
  const f64 = { offset: HEADER_BYTES + plan.slots.f32 * f32.stride, stride: stride(32) };
  const dataBytes = f64.offset + plan.slots.f64 * f64.stride;
  const width = plan.precision === "f32" ? 4 : 8;
  const outputs = plan.graph.outputs.length;
  const outputStride = (CHUNK_ROWS + 1) * QUAD * width + STAGGER;
  return {
    pad,
    f32,
    f64,
    quadBytes: Math.ceil((dataBytes + 64) / 64) * 64,
    chunkRows: CHUNK_ROWS,
    outputRow: QUAD * width,
    outputStride,
    outputBytes: Math.ceil((outputs * outputStride) / 64) * 64,
    resultRow: shape.lanes * width,
    resultStride: (shape.results ?? shape.rows) * shape.lanes * width,
  };
}
