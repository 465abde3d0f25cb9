import { strToU8, zipSync } from "fflate";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { detect } from "../detection/detect.ts";
import { writeParquet } from "../export/parquet/parquet-file.ts";
import type { DataError } from "../errors.ts";
import { checkMapping } from "../mapping/mapping-file.ts";
import { asDataError } from "../system-errors.ts";
import { openBarSource, openReferenceSource } from "./open-source.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "alphaloom-bad-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const plain = {
  kind: "bars",
  calendar: "XSHG",
  instrument: { column: "code" },
  date: { column: "day", format: "YYYY-MM-DD" },
  columns: { close: "c" },
};

async function drain(locator: string, mapping?: object): Promise<void> {
  const source = await openBarSource(
    locator,
    mapping === undefined ? {} : { mapping: checkMapping(mapping) },
  );
  let rows = 0;
  for await (const { days } of source.bars()) rows += days.length;
  expect(rows).toBeGreaterThan(0);
}

async function refusal(work: Promise<unknown>): Promise<DataError> {
  const error: unknown = await work.then(
    () => new Error("nothing was refused"),
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ name: "DataError" });
  const refused = error as DataError;
  expect(refused.remedy.length).toBeGreaterThan(10);
  return refused;
}

describe("what cannot be opened", () => {
  test("a missing file is named", async () => {
    const refused = await refusal(drain(`csv:${join(folder, "nowhere.csv")}`, plain));
    expect(refused.code).toBe("DATA_FILE_MISSING");
    expect(refused.message).toContain("nowhere.csv");
  });

  test("an empty folder, and a folder without files of the kind", async () => {
    mkdirSync(join(folder, "empty"));
    expect((await refusal(drain(`csv:${join(folder, "empty")}`, plain))).code).toBe("DATA_FOLDER_EMPTY");
    write("mixed/a.csv", "code,day,c\n");
    expect((await refusal(drain(`parquet:${join(folder, "mixed")}`, plain))).code).toBe("DATA_FOLDER_EMPTY");
    expect((await refusal(drain(`csv:${join(folder, "no*.csv")}`, plain))).code).toBe("DATA_FOLDER_EMPTY");
  });

  test("a truncated Parquet file", async () => {
    const path = join(folder, "whole.parquet");
    const rows = 5000;
    await writeParquet(
      path,
      [{ name: "x", type: "DOUBLE" }],
      [{ rows, columns: [Float64Array.from({ length: rows }, Math.random)] }],
    );
    const bytes = readFileSync(path);
    const cut = write("cut.parquet", bytes.subarray(0, bytes.length / 2));
    const refused = await refusal(drain(`parquet:${cut}`, plain));
    expect(refused).toMatchObject({ code: "DATA_FILE_DAMAGED", place: { file: cut } });
  });

  test.each(["zip", "xlsx", "parquet"])("a .%s that is none", async (ending) => {
    const path = write(`fake.${ending}`, "this is no archive");
    const refused = await refusal(drain(path, plain));
    expect(refused.code).toBe("DATA_FILE_DAMAGED");
    expect(refused.message).toContain(`fake.${ending}`);
  });

  test("a gzip stream that breaks off", async () => {
    const lines = Array.from({ length: 20_000 }, (_, row) => `000001.SZ,2024-01-02,${Math.sin(row)}`);
    const packed = gzipSync(`code,day,c\n${lines.join("\n")}\n`);
    const path = write("broken.csv.gz", packed.subarray(0, packed.length / 2));
    expect((await refusal(drain(path, plain))).code).toBe("DATA_FILE_DAMAGED");
  });

  test.each([
    ["EACCES", "DATA_NOT_PERMITTED"],
    ["EROFS", "DATA_NOT_PERMITTED"],
    ["ENOSPC", "DATA_DISK_FULL"],
    ["ENOENT", "DATA_FILE_MISSING"],
  ])("what the operating system calls %s is %s", (code, expected) => {
    const error = asDataError(Object.assign(new Error(code), { code }), { file: "a.csv", doing: "read" });
    expect(error).toMatchObject({ name: "DataError", code: expected, place: { file: "a.csv" } });
  });
});

describe("what cannot be read", () => {
  test("a column that the mapping names and the file lacks", async () => {
    const path = write("columns.csv", "code,date,c\n000001.SZ,2024-01-02,9\n");
    const refused = await refusal(drain(path, plain));
    expect(refused).toMatchObject({ code: "DATA_COLUMN_MISSING", place: { column: "day" } });
    expect(refused.message).toContain("code, date, c");
  });

  test("a date that is none, by row, line and column", async () => {
    const path = write("dates.csv", "code,day,c\n000001.SZ,2024-01-02,9\n000001.SZ,2024-02-30,9\n");
    const refused = await refusal(drain(path, plain));
    expect(refused).toMatchObject({ code: "DATA_DATE_INVALID", place: { row: 2, column: "day" } });
    expect(refused.message).toContain("row 2 (line 3)");
    expect(refused.message).toContain("2024-02-30");
  });

  test("a missing date is found even when only some days are asked for", async () => {
    const path = write("no-date.csv", "code,day,c\n000001.SZ,2024-01-02,9\n000001.SZ,,9\n");
    const source = await openBarSource(path, { mapping: checkMapping(plain) });
    const refused = await refusal(source.bars({ start: 20_000 }).next());
    expect(refused).toMatchObject({ code: "DATA_DATE_INVALID", place: { row: 2 } });
  });

  test("a number that is none, unless it stands for a missing value", async () => {
    const path = write("numbers.csv", "code,day,c\n000001.SZ,2024-01-02,--\n000001.SZ,2024-01-03,9;1\n");
    const refused = await refusal(drain(path, plain));
    expect(refused).toMatchObject({ code: "DATA_VALUE_INVALID", place: { row: 2, column: "c" } });
    expect(refused.message).toContain('"9;1"');
    await drain(path, { ...plain, reading: { missing: ["--", "9;1"] } });
  });

  test("an instrument code of no known form, by row", async () => {
    const path = write("codes.csv", "code,day,c\n000001.SZ,2024-01-02,9\n!!,2024-01-02,9\n");
    const refused = await refusal(drain(path, plain));
    expect(refused).toMatchObject({ code: "DATA_INSTRUMENT_INVALID", place: { row: 2, column: "code" } });
  });

  test("an instrument in two files", async () => {
    for (const name of ["000001_SZ", "sz000001"]) write(`twice/${name}.csv`, "day,c\n2024-01-02,9\n");
    const byName = { ...plain, instrument: { fileName: "^(?<code>[a-z]{0,2}\\d{6}(_SZ)?)" } };
    const refused = await refusal(drain(`csv:${join(folder, "twice")}`, byName));
    expect(refused).toMatchObject({ code: "DATA_INSTRUMENT_TWICE", place: { instrument: "000001.SZ" } });
    expect(refused.message).toContain("000001_SZ.csv");
    expect(refused.message).toContain("sz000001.csv");
  });

  test("a file name that does not carry a code", async () => {
    write("names/readme.csv", "day,c\n2024-01-02,9\n");
    const byName = { ...plain, instrument: { fileName: "^(?<code>\\d{6})" } };
    expect((await refusal(drain(`csv:${join(folder, "names")}`, byName))).code).toBe(
      "DATA_INSTRUMENT_INVALID",
    );
  });

  test("a row with too many cells", async () => {
    const path = write("ragged.csv", "code,day,c\n000001.SZ,2024-01-02,9\n000001.SZ,2024-01-03,9,1,2\n");
    const refused = await refusal(drain(path, plain));
    expect(refused.code).toBe("DATA_FILE_DAMAGED");
    expect(refused.message).toMatch(/line:? 3/i);
  });

  test("an entry that a zip does not have is not guessed", async () => {
    const path = write(
      "two.zip",
      zipSync({ "a.csv": strToU8("code,day,c\n000001.SZ,2024-01-02,9\n"), "b.csv": strToU8("x,y\n1,2\n") }),
    );
    expect((await refusal(detect(path))).code).toBe("DATA_SHAPE_UNKNOWN");
  });
});

const day = (index: number): string => `2024-01-${String(index).padStart(2, "0")}`;

describe("what is not understood", () => {
  const sessions = [2, 3, 4, 5, 8, 9, 10, 11, 12, 15];
  const table = (scale: (row: number) => number): string =>
    `ts_code,trade_date,open,high,low,close,vol,amount\n${sessions.map((at, row) => `000001.SZ,${day(at)},10,10.1,9.9,10,1000,${10_000 * scale(row)}`).join("\n")}\n`;

  test("units that change within a file", async () => {
    const path = write(
      "units.csv",
      table((row) => (row < 5 ? 1 : 100)),
    );
    const refused = await refusal(openBarSource(path));
    expect(refused.code).toBe("DATA_UNITS_MIXED");
    expect(refused.message).toContain("10^0 on 5 rows");
  });

  test("units that differ between the files of a folder", async () => {
    write(
      "folder/000001.SZ.csv",
      table(() => 1),
    );
    write("folder/000002.SZ.csv", table(() => 100).replaceAll("000001", "000002"));
    const refused = await refusal(openBarSource(`csv:${join(folder, "folder")}`));
    expect(refused.code).toBe("DATA_UNITS_MIXED");
    expect(refused.message).toContain("000002.SZ.csv");
  });

  test("columns of no known shape", async () => {
    const refused = await refusal(openBarSource(write("shape.csv", "foo,bar\n1,2\n")));
    expect(refused.code).toBe("DATA_SHAPE_UNKNOWN");
    expect(refused.message).toContain("foo, bar");
  });

  test("files of several shapes in one folder", async () => {
    write(
      "shapes/a.csv",
      table(() => 1),
    );
    write("shapes/b.csv", "ts_code,name,list_date\n000001.SZ,PAB,1991-04-03\n");
    const refused = await refusal(openBarSource(`csv:${join(folder, "shapes")}`));
    expect(refused.code).toBe("DATA_SHAPE_UNKNOWN");
    expect(refused.message).toContain("instruments");
  });

  test("trades and calendars are recognised and refused as bars", async () => {
    const trades = write(
      "trades.csv",
      "SecurityID,TradeTime,TradePrice,TradeQty\n600000,2020.01.02T09:30:00.000,12.48,2000\n",
    );
    const refused = await refusal(openBarSource(trades));
    expect(refused.code).toBe("DATA_KIND_OTHER");
    expect(refused.message).toContain("arrives with the backtest engine");
    const calendar = write("cal.csv", "cal_date,is_open\n20240102,1\n20240103,1\n");
    expect((await refusal(openReferenceSource(calendar))).code).toBe("DATA_KIND_OTHER");
  });
});
