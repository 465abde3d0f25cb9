import type { Processes } from "#data/store/holder";
import { hostProcesses } from "#data/store/holder";
import { entriesByFile, type SegmentEntry } from "#data/store/manifest";
import { parseManifest } from "#data/store/manifest-text";
import type { Storage } from "#data/store/storage";
import type { BackedUpFile, BackupCatalogue } from "./catalogue.ts";
import { filesOf, objectPath, readCatalogue } from "./catalogue.ts";
import { throughFiles, type BackupProgress } from "./copying.ts";
import { pinBackups, readObject } from "./read-object.ts";
import { fileFault } from "./segment-bytes.ts";

export interface BackupFinding {
  readonly path: string;
  /** Where the content lies at the target. */
  readonly file: string;
  readonly message: string;
}

export interface VerifyBackupReport {
  readonly id: string;
  readonly files: number;
  readonly bytes: number;
  readonly findings: readonly BackupFinding[];
}

export interface ReadBackupOptions {
  readonly processes?: Processes;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: BackupProgress) => void;
}

/**
 * Reads every byte of a backup and compares it with its checksums: each content's SHA-256, each segment's own, and
 * whether the manifest's segments are all there. Changes nothing. Throws BACKUP_MISSING, BACKUP_DAMAGED (the catalogue).
 */
export async function verifyBackup(
  target: Storage,
  id: string,
  options: ReadBackupOptions = {},
): Promise<VerifyBackupReport> {
  const pin = await pinBackups(target, options.processes ?? hostProcesses);
  try {
    return await verifyFiles(target, await readCatalogue(target, id), options);
  } finally {
    await pin?.release();
  }
}

async function verifyFiles(
  target: Storage,
  catalogue: BackupCatalogue,
  options: ReadBackupOptions,
): Promise<VerifyBackupReport> {
  const findings: BackupFinding[] = [];
  const say = ({ path, sha256 }: Pick<BackedUpFile, "path" | "sha256">, message: string): number =>
    findings.push({ path, file: target.locate(objectPath(sha256)), message });
  const files = filesOf(catalogue);
  const segments = new Map(catalogue.segments.map((file) => [file.path, file]));
  const text = await readObject(target, catalogue.manifest);
  const entries = new Map<string, readonly SegmentEntry[]>();
  if (typeof text !== "string") {
    const manifest = parseManifest(
      new TextDecoder().decode(text),
      target.locate(objectPath(catalogue.manifest.sha256)),
    );
    for (const [file, own] of entriesByFile(manifest.segments)) {
      const path = `store/${catalogue.calendar}/${catalogue.freq}/${file}`;
      entries.set(path, own);
      if (!segments.has(path))
        say({ path, sha256: "" }, "the manifest lists a segment that is not in the backup");
    }
  }
  await throughFiles(files, { ...options, phase: "check" }, async (file) => {
    const bytes = await readObject(target, file);
    if (typeof bytes === "string") {
      say(file, bytes);
      return;
    }
    const own = segments.get(file.path) === file ? entries.get(file.path) : undefined;
    const fault = own === undefined ? null : fileFault(bytes, own);
    if (fault !== null) say(file, fault.what);
  });
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  return { id: catalogue.id, files: files.length, bytes, findings };
}
