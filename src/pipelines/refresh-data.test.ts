/** The import of a small file into a workspace, with its quality report. */
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { inspectSource } from "#data/quality/inspect-source";
import { readQualityReports } from "./quality-pages.ts";
import type { RefreshedData } from "./refresh-data.ts";
import { inspectionOf, openSource, refreshData } from "./refresh-data.ts";
import { storeOf, workspaceAt } from "./workspace.ts";

/** Two shares over some sessions of 2024; 2024-01-06 is a Saturday. */
const daily = `date,code,open,high,low,close,preclose,volume,amount
2024-01-02,600000.SH,10.00,10.20,9.90,10.10,10.00,120300,1215030
2024-01-03,600000.SH,10.10,10.30,10.00,10.20,10.10,110200,1124040
2024-01-04,600000.SH,10.20,-1.00,10.10,10.20,10.20,90100,919020
2024-01-05,600000.SH,10.20,10.40,10.10,10.30,10.20,95000,978500
2024-01-06,600000.SH,10.30,10.40,10.20,10.30,10.30,80000,824000
2024-01-08,600000.SH,10.30,10.50,10.20,10.40,10.30,99000,1029600
2024-01-02,000001.SZ,9.00,9.10,8.90,9.00,9.00,50000,450000
2024-01-03,000001.SZ,9.00,9.20,8.90,9.10,9.00,51000,464100
2024-01-04,000001.SZ,9.10,12.50,9.00,9.20,9.10,52000,478400
2024-01-05,000001.SZ,9.20,9.40,9.10,9.30,9.20,53000,492900
2024-01-08,000001.SZ,9.30,9.50,9.20,9.40,9.30,54000,507600
`;
const mapping = `kind: bars
freq: day
calendar: XSHG
instrument: { column: code }
date: { column: date, format: YYYY-MM-DD }
columns: { open: open, high: high, low: low, close: close, preclose: preclose, volume: volume, amount: amount }
adjustment: raw
`;

interface Place {
  readonly root: string;
  readonly locator: string;
  readonly mapping: string;
}

function placeWith(text: string): Place {
  const root = mkdtempSync(path.join(os.tmpdir(), "refresh-"));
  writeFileSync(path.join(root, "bars.csv"), text);
  writeFileSync(path.join(root, "bars.yaml"), mapping);
  return { root, locator: `csv:${path.join(root, "bars.csv")}`, mapping: path.join(root, "bars.yaml") };
}

async function refreshed(place: Place): Promise<RefreshedData> {
  const source = await openSource(place.locator, place.mapping);
  return refreshData(workspaceAt(path.join(place.root, "ws")), source, { engine: "test" });
}

const key = { calendar: "XSHG", freq: "day" } as const;

describe("an import of daily bars", () => {
  it("writes its quality report beside the store", async () => {
    const place = placeWith(daily);
    const { result, ...written } = await refreshed(place);
    const workspace = workspaceAt(path.join(place.root, "ws"));
    const [report, pages] = [written.quality!, written.pages!];
    expect(report.rules.map(({ rule, findings }) => [rule, findings])).toEqual([
      ["holiday-bar", 1],
      ["price-invalid", 1],
      ["limit-broken", 1],
    ]);
    expect(report).toMatchObject({ rows: 11, keptOut: 2 });
    expect(result.rows).toMatchObject({ read: 11, added: 9, keptOut: 2 });
    expect(await readQualityReports(workspace, key)).toEqual(new Map([[pages.json, report]]));
    expect(readFileSync(pages.zh, "utf8")).toContain("休市日出现行情");
    expect(readFileSync(pages.en, "utf8")).toContain("Bar on a closed day");
    expect(readdirSync(path.dirname(pages.json)).sort()).toEqual([
      "bars.csv.en.html",
      "bars.csv.json",
      "bars.csv.zh.html",
    ]);
    await using snapshot = await storeOf(workspace, key).snapshot();
    const panel = await snapshot.readPanel({ set: "bars", role: "market" });
    expect(panel.time.days).toHaveLength(5);
    const high = panel.columns.get("high")!.values;
    expect([...high].filter((value) => value < 0)).toEqual([]);
  });

  it("finds what an inspection of the source finds", async () => {
    const place = placeWith(daily);
    const { quality } = await refreshed(place);
    const source = await openSource(place.locator, place.mapping);
    expect(await inspectSource(source, inspectionOf(await source.describe()))).toEqual(quality);
  });

  it("that fails writes no report, and leaves the one before", async () => {
    const place = placeWith(daily);
    await refreshed(place);
    const workspace = workspaceAt(path.join(place.root, "ws"));
    const before = await readQualityReports(workspace, key);
    expect(before.size).toBe(1);
    writeFileSync(path.join(place.root, "bars.csv"), daily.replace("2024-01-08,600000", "yesterday,600000"));
    await expect(refreshed(place)).rejects.toMatchObject({ code: "DATA_DATE_INVALID" });
    expect(await readQualityReports(workspace, key)).toEqual(before);
  });

  it("says that it is stored when only the report cannot be written", async () => {
    const place = placeWith(daily);
    mkdirSync(path.join(place.root, "ws"));
    writeFileSync(path.join(place.root, "ws", "quality"), "a file where the folder should be");
    await expect(refreshed(place)).rejects.toThrow(/stored as generation 1, but its quality report is not/);
    await using snapshot = await storeOf(workspaceAt(path.join(place.root, "ws")), key).snapshot();
    expect(snapshot.generation).toBe(1);
  });
});

it("intraday bars are imported without a daily inspection", async () => {
  const minutes = `date,time,code,open,high,low,close,volume
2024-01-02,09:31,600000.SH,10.00,10.20,9.90,10.10,1203
2024-01-02,09:32,600000.SH,10.10,10.20,-1.00,10.10,1203
`;
  const place = placeWith(minutes);
  writeFileSync(
    place.mapping,
    mapping
      .replace("freq: day", "freq: 1min\nstamp: end")
      .replace("columns:", "time: { column: time, format: 'HH:mm' }\ncolumns:")
      .replace("preclose: preclose, ", "")
      .replace(", amount: amount", ""),
  );
  const { result, quality, pages } = await refreshed(place);
  expect(result.rows.added).toBe(2);
  expect([quality, pages]).toEqual([null, null]);
});
