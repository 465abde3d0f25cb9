import { describe, expect, test } from "vitest";
import { alignColumns, openTerminal, progressText, type TerminalDevice } from "./terminal.ts";

function recordingDevice(
  interactive: boolean,
): TerminalDevice & { out: Recorder; err: Recorder; clock: number } {
  const device = {
    out: new Recorder(),
    err: new Recorder(),
    interactive,
    columns: 200,
    clock: 0,
    now: () => device.clock,
  };
  return device;
}

class Recorder {
  text = "";
  write(text: string): void {
    this.text += text;
  }
}

describe("a terminal", () => {
  test("prints readable lines and no JSON without --json", () => {
    const device = recordingDevice(false);
    const terminal = openTerminal(false, device);
    terminal.line("imported 3 rows");
    terminal.result({ rows: 3 });
    expect(device.out.text).toBe("imported 3 rows\n");
  });

  test("prints exactly one JSON value with --json, NaN as null", () => {
    const device = recordingDevice(false);
    const terminal = openTerminal(true, device);
    terminal.line("imported 3 rows");
    terminal.result({ rows: 3, ic: Number.NaN, columns: new Map([["a", new Float32Array([1, 2])]]) });
    expect(JSON.parse(device.out.text)).toEqual({ rows: 3, ic: null, columns: { a: [1, 2] } });
  });

  test("draws a bar in place on a terminal and plain lines elsewhere", () => {
    for (const interactive of [true, false]) {
      const device = recordingDevice(interactive);
      const progress = openTerminal(false, device).progress("import", 100, "rows");
      for (let done = 0; done <= 100; done += 10) {
        device.clock += 1_000;
        progress.update(done);
      }
      progress.end();
      expect(device.err.text.includes("\r")).toBe(interactive);
      expect(device.err.text).toContain("ETA");
      expect(device.err.text.trimEnd().endsWith("import: 100 rows in 11.0 s")).toBe(true);
    }
  });
});

test("progress states share, rate and time left", () => {
  const text = progressText(
    { label: "factors", total: 200, unit: "factors" },
    { done: 50, elapsedMs: 10_000, ended: false, note: "MA5" },
  );
  expect(text).toBe("factors █████░░░░░░░░░░░░░░░ 50 of 200 factors · 5 factors/s · ETA 30.0 s · MA5");
});

test("columns align when cells hold Chinese characters", () => {
  const [header, first, second] = alignColumns(
    [
      ["name", "n"],
      ["平安银行", "7"],
      ["AAPL", "12"],
    ],
    [1],
  );
  expect([header, first, second]).toEqual(["name       n", "平安银行   7", "AAPL      12"]);
});
