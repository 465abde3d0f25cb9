/**
 * Which part of a changed source has to be read again. Importing merges, so reading everything is always right; reading
 * less is done only where the files say that the rest holds what it held.
 *
 *   a file per instrument, a Qlib directory   the instruments of the files that changed
 *   several files with many instruments       the files that changed
 *   Parquet whose footer bounds the dates     of these, the days of the row groups that changed
 */
import { MappedBars } from "#data/sources/bars/mapped-bars";
import { instrumentOfFile } from "#data/sources/instrument-codes";
import { instrumentOfFolder } from "#data/sources/qlib-bin/folder-names";
import type { ComparedFiles, FileChange } from "#data/sources/fingerprint/source-fingerprint";
import type { FileFingerprint } from "#data/sources/fingerprint/file-fingerprint";
import type { BarRequest, BarSource } from "#data/source";
import { parseDay, type Day } from "#market/day";
import { instrumentOf } from "#market/instrument";
import { basename, dirname } from "node:path";
import type { KnownSource } from "./known-source.ts";

export interface ChangedPart {
  readonly source: BarSource;
  /** For no instrument when nothing has to be read. */
  readonly request: BarRequest;
  /** In words, for the report of the import; null when everything is read. */
  readonly words: string | null;
}

/** `source` as it was opened, whole. */
export function changedPart(source: BarSource, known: KnownSource, compared: ComparedFiles): ChangedPart {
  const request = requestOf(known);
  const whole: ChangedPart = { source, request, words: null };
  const changes = compared.changes.filter(({ kind }) => kind !== "gone");
  const roles = new Map(compared.files.map(({ path, role }) => [path, role]));
  if (changes.length === 0 || changes.some(({ path }) => roles.get(path) !== "rows")) return whole;
  if (known.place.startsWith("qlib:")) return ofQlib(whole, changes);
  if (!(source instanceof MappedBars)) return whole;
  const { instrument } = source.mapping;
  if ("fileName" in instrument) {
    const paths = new Set(changes.map(({ path }) => path));
    const files = source.files.filter(({ path }) => paths.has(path));
    return ofInstruments(
      whole,
      files.map((file) => instrumentOfFile(file, instrument)),
    );
  }
  // A front-adjusted history that was rewritten is read whole, and one that was refused has to arrive whole.
  if (source.mapping.adjustment.prices === "qfq" || known.failures > 0) return whole;
  return ofFiles(whole, source, { known, compared, changes });
}

/** What was asked of the source when it was imported. */
export function requestOf({ request }: KnownSource): BarRequest {
  const { codes, start, end } = request;
  return {
    ...(codes === null ? {} : { instruments: new Set(codes) }),
    ...(start === null ? {} : { start: parseDay(start) }),
    ...(end === null ? {} : { end: parseDay(end) }),
  };
}

/** The request for some instruments only. */
export function onlyInstruments(request: BarRequest, instruments: Iterable<string>): BarRequest {
  const asked = request.instruments;
  const wanted = [...instruments].filter((id) => asked === undefined || asked.has(id));
  return { ...request, instruments: new Set(wanted) };
}

function ofQlib(whole: ChangedPart, changes: readonly FileChange[]): ChangedPart {
  const folders = new Set<string>();
  for (const { path } of changes) {
    // A new calendar may move every row: feature files say their first day as a position in it.
    if (!path.endsWith(".bin")) return whole;
    folders.add(basename(dirname(path)));
  }
  return ofInstruments(
    whole,
    [...folders].map((folder) => instrumentOf(instrumentOfFolder(folder), { acceptUnknown: true })),
  );
}

function ofInstruments(whole: ChangedPart, instruments: readonly string[]): ChangedPart {
  const request = onlyInstruments(whole.request, instruments);
  return { ...whole, request, words: `${request.instruments!.size} changed instruments` };
}

function ofFiles(
  whole: ChangedPart,
  source: MappedBars,
  what: {
    readonly known: KnownSource;
    readonly compared: ComparedFiles;
    readonly changes: readonly FileChange[];
  },
): ChangedPart {
  // A file that has only another name holds no row that is not stored.
  const changes = what.changes.filter(({ kind }) => kind !== "renamed");
  const paths = new Set(changes.map(({ path }) => path));
  const files = source.files.filter(({ path }) => paths.has(path));
  if (files.length === 0) return ofInstruments(whole, []);
  const part =
    files.length < source.files.length
      ? new MappedBars(files, source.mapping, { locator: what.known.locator })
      : source;
  const span = spanOf(changes, what.compared.files, source.mapping.date.column);
  if (part === source && span === null) return whole;
  const { request } = whole;
  const start = Math.max(span?.first ?? -Infinity, request.start ?? -Infinity);
  const end = Math.min(span?.last ?? Infinity, request.end ?? Infinity);
  return {
    source: part,
    request: { ...request, ...(start === -Infinity ? {} : { start }), ...(end === Infinity ? {} : { end }) },
    words: [
      ...(part === source ? [] : [`${files.length} of ${source.files.length} files`]),
      ...(span === null ? [] : ["the days of the row groups that changed"]),
    ].join(", "),
  };
}

/**
 * The days that the changed row groups reach over, a day wider for time zones; null when one of them does not say,
 * and when there are no others. */
function spanOf(
  changes: readonly FileChange[],
  files: readonly FileFingerprint[],
  column: string,
): { readonly first: Day; readonly last: Day } | null {
  const byPath = new Map(files.map((file) => [file.path, file]));
  let [first, last] = [Infinity, -Infinity];
  let untouched = 0;
  for (const change of changes) {
    const pieces = byPath.get(change.path)?.pieces ?? [];
    const other = change.kind === "changed" ? change.pieces : null;
    const touched =
      other === null ? pieces : [...other.added, ...other.changed].map((index) => pieces[index]!);
    if (pieces.length === 0) return null;
    untouched += pieces.length - touched.length;
    for (const { bounds } of touched) {
      const [least, greatest] = bounds?.[column] ?? [];
      const days = [least, greatest].map((text) => dayOfBound(text));
      if (days.some(Number.isNaN)) return null;
      first = Math.min(first, days[0]! - 1);
      last = Math.max(last, days[1]! + 1);
    }
  }
  if (untouched === 0) return null;
  return first <= last ? { first, last } : null;
}

/** Dates and timestamps begin with `YYYY-MM-DD`, whole numbers and texts may be `YYYYMMDD`; anything else is no bound. */
function dayOfBound(text: string | undefined): Day {
  const date =
    /^(\d{4}-\d{2}-\d{2})([ T]\d{2}:\d{2}.*)?$/.exec(text ?? "")?.[1] ?? /^\d{8}$/.exec(text ?? "")?.[0];
  return date === undefined ? Number.NaN : parseDay(date);
}
