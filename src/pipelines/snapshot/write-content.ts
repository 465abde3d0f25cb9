import path from "node:path";
import { codeInForm } from "#data/export/qlib-bin/code-form";
import type { Frame } from "#data/export/frame";
import { writeFrame } from "#data/hdf5/write-frame";
import type { Day } from "#market/day";
import { dailyFrame, labelsFrame } from "./daily-frame.ts";
import type { DatasetFile, SnapshotDataset } from "./dataset.ts";
import { FrameTally } from "./frame-tally.ts";
import { DAILY_FILE, FRAME_KEY, LABELS_FILE, writeListings } from "./layout.ts";
import type { SnapshotPlan } from "./snapshot-plan.ts";
import type { InstrumentCoverage, SnapshotScope, SnapshotSource } from "./snapshot-source.ts";
import { writeDerived } from "./write-derived.ts";

export interface ContentWork {
  readonly source: SnapshotSource;
  readonly plan: SnapshotPlan;
  readonly scope: SnapshotScope;
  /** What the source said it has within the scope. */
  readonly coverage: readonly InstrumentCoverage[];
  readonly sessions: readonly Day[];
  readonly datasets: readonly SnapshotDataset[];
  readonly signal?: AbortSignal;
  readonly onRows?: (rows: number) => void;
  readonly onStage?: (name: string) => void;
}

export interface WrittenContent {
  readonly rows: number;
  /** Of the rows that were written; a server may have taken in others since it was asked what it has. */
  readonly coverage: readonly InstrumentCoverage[];
  readonly notes: readonly string[];
  /** Files of each data set. */
  readonly datasets: ReadonlyMap<string, readonly DatasetFile[]>;
}

/** Writes every file of a snapshot but meta.json into a folder. */
export async function writeContent(folder: string, work: ContentWork): Promise<WrittenContent> {
  const { source, plan, scope, signal, onRows } = work;
  const observed = { key: FRAME_KEY, ...(signal === undefined ? {} : { signal }) };
  const tally = new FrameTally(await dailyFrame(source, plan, scope));
  const daily = path.join(folder, DAILY_FILE);
  await writeFrame(daily, tally.frame, { ...observed, ...(onRows === undefined ? {} : { onRows }) });
  work.onStage?.("daily");
  const labels: Frame | null = await labelsFrame(source, plan, scope);
  if (labels !== null) {
    await writeFrame(path.join(folder, LABELS_FILE), labels, observed);
    work.onStage?.("labels");
  }
  const spans = tally.spans();
  const spell = codeInForm(plan.spelling);
  const datasets = new Map<string, readonly DatasetFile[]>();
  for (const dataset of work.datasets) {
    const options = { spell, ...(signal === undefined ? {} : { signal }) };
    datasets.set(dataset.name, await dataset.write(folder, scope, options));
    work.onStage?.(dataset.name);
  }
  await writeListings(folder, {
    spans: spans.map(({ key, first, last }) => ({ code: key, first, last })),
    sessions: work.sessions,
  });
  const notes = await writeDerived(folder, {
    source,
    plan,
    scope,
    daily,
    ...(signal === undefined ? {} : { signal }),
  });
  work.onStage?.("formats");
  const written = new Map(spans.map((span) => [span.key, span]));
  const coverage = work.coverage.flatMap((known) => {
    const span = written.get(spell(known.instrument));
    return span === undefined ? [] : [{ ...known, first: span.first, last: span.last, rows: span.rows }];
  });
  return { rows: tally.rows, coverage, notes, datasets };
}
