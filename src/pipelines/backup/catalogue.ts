import { createHash } from "node:crypto";
import * as z from "zod";
import type { StoreKey } from "#data/store/panel-store";
import type { Storage } from "#data/store/storage";
import { readWhole } from "#data/store/storage";
import { BackupError } from "./errors.ts";

/**
 * What a backup consists of: one JSON file that names the content of every file by its SHA-256. The contents lie
 * beside, each once however many backups list it. A backup exists when its catalogue does, and that is written last.
 *
 *   <target>/backups/<id>.json     catalogues
 *   <target>/objects/<sha256>      contents
 */
export const BACKUPS = "backups";
export const OBJECTS = "objects";
const VERSION = 1;
const SEAL = /,"seal":"([0-9a-f]{64})"\}\n$/;
export const BACKUP_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

const hash = z.string().regex(/^[0-9a-f]{64}$/);

const file = z.strictObject({
  /** Below the workspace, with forward slashes. */
  path: z.string(),
  sha256: hash,
  size: z.int().min(0),
  /** SHA-256 of a segment's header, which holds a checksum of every chunk: tells content without reading it. */
  header: hash.optional(),
});

const schema = z.strictObject({
  version: z.literal(VERSION),
  id: z.string().regex(BACKUP_ID),
  calendar: z.string(),
  freq: z.enum(["day", "1min", "5min", "15min", "30min", "60min"]),
  generation: z.int().min(1),
  /** Milliseconds since 1970. */
  createdAt: z.number(),
  reason: z.string(),
  manifest: z.strictObject({ sha256: hash, size: z.int().min(0) }),
  segments: z.array(file),
  /** Reference tables, events, version files. */
  others: z.array(file),
  /** What the index of each reference table says of the files listed. */
  reference: z.record(z.string(), z.array(z.looseObject({ path: z.string() }))),
});

export type BackupCatalogue = z.infer<typeof schema>;
export type BackedUpFile = z.infer<typeof file>;

export const catalogueKey = ({ calendar, freq }: BackupCatalogue): StoreKey => ({ calendar, freq });

export const objectPath = (sha256: string): string => `${OBJECTS}/${sha256}`;
export const cataloguePath = (id: string): string => `${BACKUPS}/${id}.json`;

export const sha256Of = (bytes: Uint8Array | string): string =>
  createHash("sha256").update(bytes).digest("hex");

/** `XSHG-day-20261121T184500123Z-g12`: the store, the moment, the generation. */
export function backupId(key: StoreKey, generation: number, createdAt: number): string {
  const moment = new Date(createdAt).toISOString().replace(/[-:.]/g, "");
  return `${key.calendar}-${key.freq}-${moment}-g${generation}`;
}

export function catalogueText(catalogue: BackupCatalogue): Uint8Array {
  const body = JSON.stringify(catalogue).slice(0, -1);
  return new TextEncoder().encode(`${body},"seal":"${sha256Of(body)}"}\n`);
}

/** Throws BACKUP_DAMAGED, BACKUP_FORMAT. */
export function parseCatalogue(bytes: Uint8Array, place: string): BackupCatalogue {
  const text = new TextDecoder().decode(bytes);
  const seal = SEAL.exec(text);
  const body = seal === null ? "" : text.slice(0, seal.index);
  if (seal === null || sha256Of(body) !== seal[1]) throw damaged(place, "its seal does not match");
  const raw = JSON.parse(`${body}}`) as { readonly version?: unknown };
  if (raw.version !== VERSION) {
    throw new BackupError(
      "BACKUP_FORMAT",
      `${place} is of version ${String(raw.version)}, this reads ${VERSION}`,
      {
        remedy: "use the version of Alphaloom that wrote the backup",
        file: place,
      },
    );
  }
  const parsed = schema.safeParse(raw);
  if (!parsed.success) throw damaged(place, z.prettifyError(parsed.error));
  return parsed.data;
}

function damaged(place: string, why: string): BackupError {
  return new BackupError("BACKUP_DAMAGED", `the backup's catalogue ${place} is damaged: ${why}`, {
    remedy: "use another backup, delete this file, and make a new backup",
    file: place,
  });
}

/** Ids of the backups at a target, in no order; whether they can be read is not looked at. */
export async function backupIds(target: Storage): Promise<string[]> {
  return (await target.list(BACKUPS)).flatMap((name) => {
    const id = name.endsWith(".json") ? name.slice(0, -".json".length) : "";
    return BACKUP_ID.test(id) ? [id] : [];
  });
}

/** Throws BACKUP_MISSING, BACKUP_DAMAGED, BACKUP_FORMAT. */
export async function readCatalogue(target: Storage, id: string): Promise<BackupCatalogue> {
  const bytes = BACKUP_ID.test(id) ? await readWhole(target, cataloguePath(id)) : null;
  if (bytes === null) {
    throw new BackupError("BACKUP_MISSING", `there is no backup ${id} at ${target.place}`, {
      remedy: "list the backups: alphaloom backup list",
    });
  }
  return parseCatalogue(bytes, target.locate(cataloguePath(id)));
}

export interface ReadCatalogues {
  /** Newest first. */
  readonly catalogues: readonly BackupCatalogue[];
  /** Those that cannot be read, with the reason. */
  readonly unreadable: readonly { readonly id: string; readonly error: BackupError }[];
}

export async function readCatalogues(target: Storage): Promise<ReadCatalogues> {
  const catalogues: BackupCatalogue[] = [];
  const unreadable: { id: string; error: BackupError }[] = [];
  for (const id of await backupIds(target)) {
    try {
      catalogues.push(await readCatalogue(target, id));
    } catch (error) {
      if (!(error instanceof BackupError)) throw error;
      // Another process may have removed it since the list was made.
      if (error.code !== "BACKUP_MISSING") unreadable.push({ id, error });
    }
  }
  catalogues.sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
  return { catalogues, unreadable };
}

/** One line of a list of backups. */
export interface BackupSummary {
  readonly id: string;
  readonly key: StoreKey;
  readonly generation: number;
  readonly createdAt: number;
  readonly reason: string;
  readonly files: number;
  readonly bytes: number;
}

export function summaryOf(catalogue: BackupCatalogue): BackupSummary {
  const { id, generation, createdAt, reason } = catalogue;
  const files = filesOf(catalogue);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  return { id, key: catalogueKey(catalogue), generation, createdAt, reason, files: files.length, bytes };
}

/** Backups at a target, newest first. A damaged one does not keep the others from being seen. */
export async function listBackups(target: Storage): Promise<{
  readonly backups: readonly BackupSummary[];
  readonly unreadable: ReadCatalogues["unreadable"];
}> {
  const { catalogues, unreadable } = await readCatalogues(target);
  return { backups: catalogues.map(summaryOf), unreadable };
}

/** Every content that a backup needs, the manifest's included. */
export function filesOf(catalogue: BackupCatalogue): readonly BackedUpFile[] {
  return [{ path: "manifest.json", ...catalogue.manifest }, ...catalogue.segments, ...catalogue.others];
}
