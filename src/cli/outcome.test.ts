import { expect, test } from "vitest";
import { DataError } from "#data/errors";
import { exitCode, reportFailure, UsageError } from "./outcome.ts";
import { openTerminal } from "./terminal.ts";

function reported(error: unknown): { code: number; out: string; err: string } {
  let out = "";
  let err = "";
  const terminal = openTerminal(true, {
    out: { write: (text: string) => (out += text) },
    err: { write: (text: string) => (err += text) },
    interactive: false,
    columns: 80,
    now: () => 0,
  });
  return { code: reportFailure(terminal, error), out, err };
}

test("a coded error is printed with its place and remedy and fails the command", () => {
  const error = new DataError("DATA_DATE_INVALID", '"2019-02-30" is not a date', {
    remedy: "correct the file",
    place: { file: "bars.csv", row: 7, column: "date" },
  });
  const { code, out, err } = reported(error);
  expect(code).toBe(exitCode.failed);
  expect(err).toContain('error DATA_DATE_INVALID: "2019-02-30" is not a date');
  expect(err).toContain("file bars.csv, row 7, column date");
  expect(err).toContain("do: correct the file");
  expect(JSON.parse(out)).toMatchObject({
    ok: false,
    error: { code: "DATA_DATE_INVALID", place: { row: 7 } },
  });
});

test("wrong usage, interruption and defects have their own exit codes", () => {
  expect(reported(new UsageError("two sources", "name one")).code).toBe(exitCode.usage);
  expect(reported(new DOMException("stopped", "AbortError")).code).toBe(exitCode.interrupted);
  const defect = reported(new TypeError("x is undefined"));
  expect(defect.code).toBe(exitCode.failed);
  expect(defect.err).toContain("INTERNAL");
});
