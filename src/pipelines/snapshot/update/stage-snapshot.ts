/**
 * Builds a snapshot's next content beside its files and lets it count: rows, listings, the other forms, hashes, meta.json
 * and state, then the one commit of all of them.
 */
import path from "node:path";
import { codeInForm } from "#data/export/qlib-bin/code-form";
import { byText } from "#data/export/series-table";
import { dayOf } from "#market/day";
import { SnapshotError } from "../errors.ts";
import type { DatasetFile } from "../dataset.ts";
import type { ExportFailure } from "../export-result.ts";
import { hashedFiles, type HashedFiles } from "../hashed-files.ts";
import { DAILY_FILE, FRAME_KEY, LABELS_FILE, writeListings } from "../layout.ts";
import { FORMS_KEPT, lastingNotes, renewedNotes } from "../passing-notes.ts";
import { shareWithRdagent } from "../rdagent-folders.ts";
import { sealSnapshot } from "../seal-snapshot.ts";
import { META_FILE, type SnapshotMeta } from "../snapshot-meta.ts";
import type { SnapshotPlan } from "../snapshot-plan.ts";
import type { InstrumentCoverage } from "../snapshot-source.ts";
import { writeDerived } from "../write-derived.ts";
import { dailyRows, labelRows, type Attempt, type FileChanges } from "./attempt.ts";
import { EXPORT_STATE_FILE } from "./export-state.ts";
import { sha256OfFile } from "./file-hash.ts";
import { MS_PER_DAY, type FoundChange } from "./find-changes.ts";
import { rewriteRows } from "./rewrite-rows.ts";
import { scopeWithin, type FrameOf, type UpdateOutlook } from "./update-plan.ts";

/**
 * Returns the meta.json that counts now; null when every file would be what it is. Throws SNAPSHOT_FILE_DAMAGED before
 * anything is built on a damaged file.
 */
export async function stageSnapshot(
  work: Attempt,
  outlook: UpdateOutlook,
  changes: FileChanges,
): Promise<SnapshotMeta | null> {
  const { place, meta, request, question, staged, stages } = work;
  const { source, plan } = { source: question.source, plan: outlook.plan };
  const held = heldCoverage(work, outlook);
  const daily = staged.place(DAILY_FILE);
  const folder = path.dirname(daily);
  const rewrite = async (
    file: string,
    frameOf: FrameOf,
    found: ReadonlyMap<string, FoundChange>,
  ): Promise<void> => {
    await requireUndamaged(work, file);
    await rewriteFile({ ...work, file, frameOf, found, held }, outlook);
  };
  await rewrite(DAILY_FILE, dailyRows(source, plan), changes.daily);
  stages.end("daily");
  if (plan.labels.length > 0) {
    await rewrite(LABELS_FILE, labelRows(source, plan), changes.labels);
    stages.end("labels");
  }
  const spell = codeInForm(plan.spelling);
  await writeListings(folder, {
    spans: held.map(({ instrument, first, last }) => ({ code: spell(instrument), first, last })),
    sessions: outlook.sessions,
  });
  const scope = scopeWithin(question, outlook.now, { from: plan.start, to: plan.end });
  const isPartial = held.some(({ instrument }) => question.failed.has(instrument));
  const datasets = keptDatasets(meta);
  for (const dataset of request.datasets ?? []) {
    if (isPartial && datasets.has(dataset.name)) continue;
    const options = { spell, ...(question.signal === undefined ? {} : { signal: question.signal }) };
    datasets.set(dataset.name, await dataset.write(folder, scope, options));
    stages.end(dataset.name);
  }
  const observed = question.signal === undefined ? {} : { signal: question.signal };
  const notes = isPartial
    ? await keepForms(folder, { plan, daily, meta })
    : await writeDerived(folder, { source, plan, scope, daily, ...observed });
  stages.end("formats");
  const own = await hashedFiles(folder);
  const removed = filesGone(meta, datasets);
  const files = Object.fromEntries(
    Object.entries({ ...meta.files, ...own })
      .filter(([name]) => !removed.includes(name))
      .sort(([left], [right]) => byText(left, right)),
  );
  const failures = [...stillWithoutRows(meta, held), ...work.failed.failures];
  if (isSameContent(meta, files) && failures.length === meta.errors.length) return null;
  const after = await sealSnapshot(folder, {
    id: place.id,
    source,
    plan,
    coverage: held,
    engine: request.engine,
    files,
    rows: held.reduce((sum, { rows }) => sum + rows, 0),
    failures,
    datasets,
    notes: [...new Set([...renewedNotes(lastingNotes(meta.notes), request.notes ?? []), ...notes])],
    now: request.now(),
  });
  stages.end("hash");
  request.signal?.throwIfAborted();
  const written = Object.entries(own).map(([name, { sha256 }]) => ({ path: name, sha256 }));
  const last = [EXPORT_STATE_FILE, META_FILE].map(async (name) => ({
    path: name,
    sha256: await sha256OfFile(path.join(folder, name)),
  }));
  await staged.commit({
    removed,
    folders: written.filter(isFolder).map(({ path: name }) => name.slice(0, -1)),
    files: [...written.filter((file) => !isFolder(file)), ...(await Promise.all(last))],
  });
  stages.end("place");
  return after;
}

/**
 * The forms are made from the source, which cannot give all that the rows hold: they stay as they are, but for RD-Agent's
 * full folder, which shares the file of the rows.
 */
async function keepForms(
  folder: string,
  work: { readonly plan: SnapshotPlan; readonly daily: string; readonly meta: SnapshotMeta },
): Promise<readonly string[]> {
  const { plan, daily, meta } = work;
  const isAgent = plan.profile === "rdagent";
  if (isAgent) await shareWithRdagent(folder, daily);
  const hasForms = isAgent || plan.formats.some((format) => format !== "h5");
  return hasForms || Object.keys(meta.datasets).length > 0 ? [FORMS_KEPT] : [];
}

/** What meta.json says of the data sets, to be said again. */
function keptDatasets({ datasets }: SnapshotMeta): Map<string, readonly DatasetFile[]> {
  const days = Object.entries(datasets).map(([name, files]) => {
    const kept = files.map(({ start, end, method, ...file }): DatasetFile => ({
      ...file,
      ...(method === undefined ? {} : { method }),
      start: start === null ? null : dayOf(start),
      end: end === null ? null : dayOf(end),
    }));
    return [name, kept] as const;
  });
  return new Map(days);
}

/** Files of data sets that were there and are not written any more. */
function filesGone(meta: SnapshotMeta, datasets: ReadonlyMap<string, readonly DatasetFile[]>): string[] {
  const there = new Set([...datasets.values()].flat().map(({ file }) => file));
  const before = Object.values(meta.datasets).flatMap((files) => files.map(({ file }) => file));
  return before.filter((file) => !there.has(file));
}

function isSameContent(meta: SnapshotMeta, files: HashedFiles): boolean {
  const before = Object.entries(meta.files);
  return (
    before.length === Object.keys(files).length &&
    before.every(([name, { sha256 }]) => files[name]?.sha256 === sha256)
  );
}

/** Folders of many files are hashed as one. */
function isFolder({ path: name }: { readonly path: string }): boolean {
  return name.endsWith("/");
}

/**
 * What the files hold afterwards: all that the source has, and what was known of those that cannot be read. These were not
 * compared: without a fingerprint they are looked at from their start once they can be read, whatever was written meanwhile.
 */
function heldCoverage({ question }: Attempt, { now }: UpdateOutlook): readonly InstrumentCoverage[] {
  const kept = (question.state?.instruments ?? [])
    .filter(({ instrument }) => question.failed.has(instrument))
    .map((known) => ({ ...known, fingerprint: "" }));
  return [...now, ...kept].sort((left, right) => byText(left.instrument, right.instrument));
}

/** Instruments that were asked for by name and still have no row. */
function stillWithoutRows(
  { errors }: SnapshotMeta,
  held: readonly InstrumentCoverage[],
): readonly ExportFailure[] {
  const there = new Set(held.map(({ instrument }) => instrument));
  return errors.filter(({ code, instrument }) => code === "SNAPSHOT_EMPTY" && !there.has(instrument));
}

async function requireUndamaged({ place, meta }: Attempt, file: string): Promise<void> {
  const old = path.join(place.folder, file);
  if ((await sha256OfFile(old)) === meta.files[file]?.sha256) return;
  throw new SnapshotError("SNAPSHOT_FILE_DAMAGED", `${old} is not what was written`, {
    remedy: "export the snapshot again with --if-exists overwrite",
    place: { file: old },
  });
}

interface FileWork extends Attempt {
  readonly file: string;
  readonly frameOf: FrameOf;
  readonly found: ReadonlyMap<string, FoundChange>;
  readonly held: readonly InstrumentCoverage[];
}

async function rewriteFile(work: FileWork, outlook: UpdateOutlook): Promise<void> {
  const { place, question, staged, file, frameOf, found, held } = work;
  const oldEnd = question.plan.end;
  const spell = codeInForm(question.plan.spelling);
  const hasLater = outlook.now.some(({ last }) => last > oldEnd);
  const later = { from: oldEnd + 1, to: outlook.plan.end };
  const first = Math.min(...[...found.values()].map((change) => change.first));
  const instruments = new Set(found.keys());
  await rewriteRows({
    old: path.join(place.folder, file),
    place: staged.place(file),
    key: FRAME_KEY,
    keys: held.map(({ instrument }) => spell(instrument)).sort(byText),
    later: hasLater ? await frameOf(scopeWithin(question, outlook.now, later)) : null,
    instead:
      found.size === 0
        ? null
        : {
            keys: new Set([...instruments].map(spell)),
            from: first,
            frame: await frameOf(
              scopeWithin(question, outlook.before, { from: first / MS_PER_DAY, to: oldEnd, instruments }),
            ),
          },
    ...(question.signal === undefined ? {} : { signal: question.signal }),
  });
}
