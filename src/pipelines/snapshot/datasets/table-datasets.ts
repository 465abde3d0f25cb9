/** Money flow and daily basics of a snapshot, from the reference tables of these names. */
import type { Workspace } from "#pipelines/workspace";
import type { DatasetFile, SnapshotDataset } from "../dataset.ts";
import { basicWords, flowWords, type ColumnWords } from "./known-columns.ts";
import { openTableFrame } from "./table-frame.ts";
import { writeDatasetFile } from "./write-dataset-file.ts";

interface TableDataset {
  readonly name: string;
  readonly prefix: string;
  readonly file: string;
  readonly description: string;
  readonly words: (column: string) => ColumnWords;
}

const moneyflow: TableDataset = {
  name: "moneyflow",
  prefix: "mf_",
  file: "moneyflow.h5",
  description: "money flow by size of order; amounts in yuan, volumes in shares",
  words: flowWords,
};

const dailyBasic: TableDataset = {
  name: "daily_basic",
  prefix: "db_",
  file: "daily_basic.h5",
  description:
    "valuation, turnover and shares of each day; market values in yuan, shares in shares, rates in percent",
  words: basicWords,
};

/** `moneyflow.h5`, columns `mf_…`, from the reference table `moneyflow` or another one of its columns. */
export function moneyflowDataset(workspace: Workspace, table = moneyflow.name): SnapshotDataset {
  return tableDataset(workspace, moneyflow, table);
}

/** `daily_basic.h5`, columns `db_…`, from the reference table `daily_basic` or another one of its columns. */
export function dailyBasicDataset(workspace: Workspace, table = dailyBasic.name): SnapshotDataset {
  return tableDataset(workspace, dailyBasic, table);
}

function tableDataset(workspace: Workspace, kind: TableDataset, table: string): SnapshotDataset {
  return {
    name: kind.name,
    async write(folder, scope, { spell, ...options }): Promise<readonly DatasetFile[]> {
      const request = {
        table,
        levels: ["datetime", "instrument"] as const,
        keyColumn: "instrument",
        spell,
        describe: (name: string) => ({
          name: `${kind.prefix}${name}`,
          dtype: "f64" as const,
          lineage: `reference ${table}.${name}`,
          ...kind.words(name),
        }),
      };
      await using opened = await openTableFrame(workspace, request, scope);
      const about = { file: kind.file, description: kind.description, frame: opened.frame };
      const { times: _, ...file } = await writeDatasetFile(folder, about, options);
      return [file];
    },
  };
}
