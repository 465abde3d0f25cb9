import { createHash } from "node:crypto";
import { z } from "zod";
import { DataError } from "../errors.ts";
import type { Manifest, SegmentEntry } from "./manifest.ts";

/**
 * The manifest as text: JSON whose last member is the SHA-256 of all before it. Segments that differ only in their
 * block are one group of parallel lists, and field lists are told once: 5,500 instruments stay far below 5 MB.
 */
const VERSION = 1;
/** Of manifests that name files of several segments, which earlier programs do not know. */
const PACKED_VERSION = 2;
const SEAL = /,"sha256":"([0-9a-f]{64})"\}\n$/;

const count = z.int().min(0);
/** As arrays of `count`, checked without a schema for each number: a market has a hundred thousand of them. */
const counts = z.custom<number[]>(
  (value) => Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0),
  "these are no counts",
);
const integers = z.custom<number[]>(
  (value) => Array.isArray(value) && value.every((each) => Number.isSafeInteger(each)),
  "these are no sessions",
);
type InstrumentJson = [id: string, first: number, last: number, attributes: Record<string, string>];
const instruments = z.custom<InstrumentJson[]>(
  (value) => Array.isArray(value) && value.every(isInstrument),
  "these are no instruments",
);

function isInstrument(value: unknown): value is InstrumentJson {
  if (!Array.isArray(value) || value.length !== 4) return false;
  const [id, first, last, attributes] = value as unknown[];
  if (typeof id !== "string" || id === "" || id.length > 200) return false;
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last)) return false;
  if (typeof attributes !== "object" || attributes === null || Array.isArray(attributes)) return false;
  return Object.values(attributes).every((text) => typeof text === "string");
}

const CHECKSUM = /^[0-9a-f]{8}$/;
const checksumTexts = z.custom<string[]>(
  (value) => Array.isArray(value) && value.every((each) => typeof each === "string" && CHECKSUM.test(each)),
  "these are no checksums",
);
const name = z.string().min(1).max(200);
const listing = z.record(z.string(), z.array(z.object({ path: name, sha256: z.string(), size: count })));

const schema = z.object({
  version: z.union([z.literal(VERSION), z.literal(PACKED_VERSION)]),
  calendar: name,
  freq: z.enum(["day", "1min", "5min", "15min", "30min", "60min"]),
  generation: z.int().min(1),
  parent: z.int().min(1).nullable(),
  reason: z.string(),
  writtenAt: z.number(),
  origin: z.int().max(0),
  slots: z.array(count).nullable(),
  /** First session, then the distance of each from the one before. */
  sessions: integers,
  instruments,
  fieldSets: z.array(
    z.object({
      name,
      role: z.enum(["market", "factor", "label", "prediction", "weight"]),
      behind: z.record(z.string().regex(/^\d+$/), count).optional(),
      fields: z.array(
        z.object({
          name,
          dtype: z.enum(["f32", "f64"]),
          unit: z.string(),
          lineage: z.object({ from: z.string(), engine: z.string(), inputGeneration: z.int() }),
        }),
      ),
    }),
  ),
  fieldLists: z.array(z.array(name).min(1)),
  /** Names of files that hold several segments. */
  packs: z.array(name).optional(),
  segments: z.array(
    z.object({
      set: name,
      generation: count,
      part: count,
      run: name.optional(),
      from: z.int(),
      to: z.int(),
      fields: count,
      pack: count.optional(),
      blocks: counts,
      /** Where the segments begin in their pack. */
      at: counts.optional(),
      /** Of each segment; one number where they are alike. */
      bytes: z.union([count, counts]),
      /** Of packed segments one text. */
      checksums: z.union([z.string().regex(/^([0-9a-f]{8})*$/), checksumTexts]),
    }),
  ),
  reference: listing,
  events: listing,
});

type ManifestJson = z.infer<typeof schema>;
type SegmentGroup = ManifestJson["segments"][number];

/** A group in the making. */
interface OpenGroup extends Omit<SegmentGroup, "bytes" | "checksums"> {
  readonly bytes: number[];
  readonly checksums: string[];
}

/** A day of a market is a group for each set: what is alike in it, or of one width, is told in short. */
function closed({ bytes, checksums, ...group }: OpenGroup): SegmentGroup {
  if (group.pack === undefined) return { ...group, bytes, checksums };
  const isAlike = bytes.every((each) => each === bytes[0]);
  return { ...group, bytes: isAlike ? bytes[0]! : bytes, checksums: checksums.join("") };
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Segments as text has them: those that differ in their block only together, and long lists once. */
export type SegmentGroups = Pick<ManifestJson, "fieldLists" | "packs" | "segments">;

export function segmentGroups(entries: readonly SegmentEntry[]): SegmentGroups {
  const fieldLists = new Map<string, number>();
  const knownLists = new Map<readonly string[], number>();
  const packs = new Map<string, number>();
  const groups = new Map<string, OpenGroup>();
  for (const entry of entries) {
    let fields = knownLists.get(entry.fields);
    if (fields === undefined) {
      const list = JSON.stringify(entry.fields);
      fields = fieldLists.get(list) ?? fieldLists.size;
      fieldLists.set(list, fields);
      knownLists.set(entry.fields, fields);
    }
    const { set, generation, part, run, from, to } = entry;
    const pack = entry.pack === undefined ? undefined : numbered(packs, entry.pack.file);
    const key = [set, generation, part, run ?? "", from, to, fields, pack ?? ""].join(" ");
    let group = groups.get(key);
    if (group === undefined) {
      const staged = run === undefined ? {} : { run };
      const place = { set, generation, part, ...staged, from, to, fields };
      const packed = pack === undefined ? {} : { pack, at: [] };
      group = { ...place, ...packed, blocks: [], bytes: [], checksums: [] };
      groups.set(key, group);
    }
    group.blocks.push(entry.block);
    if (entry.pack !== undefined) group.at?.push(entry.pack.at);
    group.bytes.push(entry.bytes);
    group.checksums.push(entry.checksum.toString(16).padStart(8, "0"));
  }
  return {
    fieldLists: [...fieldLists.keys()].map((list) => JSON.parse(list) as string[]),
    ...(packs.size === 0 ? {} : { packs: [...packs.keys()] }),
    segments: Array.from(groups.values(), closed),
  };
}

/** What {@link segmentGroups} was given, in the order written. Throws what `damaged` makes of a sentence. */
export function segmentsOfGroups(
  groups: SegmentGroups,
  damaged: (why: string) => Error = (why) => new TypeError(why),
): SegmentEntry[] {
  const segments: SegmentEntry[] = [];
  for (const group of groups.segments) {
    const { set, generation, part, run, from, to } = group;
    const fields = groups.fieldLists[group.fields];
    if (fields === undefined) throw damaged(`field list ${group.fields} is missing`);
    const pack = group.pack === undefined ? undefined : groups.packs?.[group.pack];
    if (group.pack !== undefined && pack === undefined) throw damaged(`pack ${group.pack} is missing`);
    group.blocks.forEach((block, index) => {
      const bytes = typeof group.bytes === "number" ? group.bytes : group.bytes[index];
      const checksum = checksumAt(group.checksums, index);
      const at = group.at?.[index];
      if (bytes === undefined || checksum === null || (pack === undefined) !== (at === undefined))
        throw damaged("a segment group is uneven");
      const place = { set, block, generation, part, from, to, fields, bytes, checksum };
      const packed = pack === undefined || at === undefined ? place : { ...place, pack: { file: pack, at } };
      segments.push(run === undefined ? packed : { ...packed, run });
    });
  }
  segments.sort((a, b) => a.generation - b.generation || a.part - b.part);
  return segments;
}

function checksumAt(checksums: SegmentGroup["checksums"], index: number): number | null {
  const text = typeof checksums === "string" ? checksums.slice(8 * index, 8 * index + 8) : checksums[index];
  return text?.length === 8 ? parseInt(text, 16) : null;
}

export function manifestText(manifest: Manifest): string {
  const groups = segmentGroups(manifest.segments);
  const { axis } = manifest;
  const json: ManifestJson = {
    version: groups.packs === undefined ? VERSION : PACKED_VERSION,
    calendar: manifest.key.calendar,
    freq: manifest.key.freq,
    generation: manifest.generation,
    parent: manifest.parent,
    reason: manifest.reason,
    writtenAt: manifest.writtenAt,
    origin: axis.origin,
    slots: axis.slots === null ? null : [...axis.slots],
    sessions: Array.from(axis.sessions, (day, index) =>
      index === 0 ? day : day - axis.sessions[index - 1]!,
    ),
    instruments: manifest.instruments.map(({ id, first, last, attributes }) => [
      id,
      first,
      last,
      { ...attributes },
    ]),
    fieldSets: [...manifest.fieldSets.values()].map((set) => ({
      name: set.name,
      role: set.role,
      ...(set.behind === undefined ? {} : { behind: { ...set.behind } }),
      fields: set.fields.map((field) => ({ ...field, lineage: { ...field.lineage } })),
    })),
    ...groups,
    reference: mutable(manifest.listings.reference),
    events: mutable(manifest.listings.events),
  };
  const body = JSON.stringify(json).slice(0, -1);
  return `${body},"sha256":"${sha256(body)}"}\n`;
}

function numbered(known: Map<string, number>, name: string): number {
  let number = known.get(name);
  if (number === undefined) known.set(name, (number = known.size));
  return number;
}

function mutable(listing: Manifest["listings"]["reference"]): ManifestJson["reference"] {
  return Object.fromEntries(
    Object.entries(listing).map(([key, files]) => [key, files.map((file) => ({ ...file }))]),
  );
}

/** Reads a manifest back. Throws STORE_DAMAGED when its checksum fails, STORE_FORMAT when it is of another version. */
export function parseManifest(text: string, file: string): Manifest {
  const seal = SEAL.exec(text);
  const body = seal === null ? "" : text.slice(0, seal.index);
  if (seal === null || sha256(body) !== seal[1]) throw damagedManifest(file, "its checksum does not match");
  const raw = JSON.parse(`${body}}`) as { readonly version?: unknown };
  if (raw.version !== VERSION && raw.version !== PACKED_VERSION) {
    throw new DataError(
      "STORE_FORMAT",
      `${file} is of version ${String(raw.version)}, this reads versions ${VERSION} and ${PACKED_VERSION}`,
      {
        remedy: "use the version of Alphaloom that wrote the store",
        place: { file },
      },
    );
  }
  const parsed = schema.safeParse(raw);
  if (!parsed.success) throw damagedManifest(file, z.prettifyError(parsed.error));
  return manifestOf(parsed.data, file);
}

function manifestOf(json: ManifestJson, file: string): Manifest {
  const sessions = new Int32Array(json.sessions.length);
  let day = 0;
  json.sessions.forEach((step, index) => (sessions[index] = day += step));
  const segments = segmentsOfGroups(json, (why) => damagedManifest(file, why));
  return {
    key: { calendar: json.calendar, freq: json.freq },
    generation: json.generation,
    parent: json.parent,
    reason: json.reason,
    writtenAt: json.writtenAt,
    axis: {
      freq: json.freq,
      sessions,
      origin: json.origin,
      slots: json.slots === null ? null : Int16Array.from(json.slots),
    },
    instruments: json.instruments.map(([id, first, last, attributes]) => ({ id, first, last, attributes })),
    fieldSets: new Map(
      json.fieldSets.map(({ behind, ...set }) => [set.name, behind === undefined ? set : { ...set, behind }]),
    ),
    segments,
    listings: { reference: json.reference, events: json.events },
  };
}

function damagedManifest(file: string, why: string): DataError {
  return new DataError("STORE_DAMAGED", `the manifest ${file} is damaged: ${why}`, {
    remedy: "run `alphaloom data repair`: it restores the manifest from the newest kept one",
    place: { file },
  });
}
