/**
 * What a command says, and where: results on stdout, progress and warnings on stderr. With `--json` stdout carries
 * exactly one JSON value; without it, readable lines. A progress bar is drawn only on a terminal, otherwise one plain
 * line every few seconds.
 */
export interface Terminal {
  readonly json: boolean;
  line(text?: string): void;
  warn(text: string): void;
  table(rows: readonly (readonly string[])[], options?: { readonly numeric?: readonly number[] }): void;
  progress(label: string, total: number, unit: string): Progress;
  /** The command's answer for programs; printed once, only with `--json`. */
  result(value: unknown): void;
}

export interface Progress {
  update(done: number, note?: string): void;
  end(note?: string): void;
}

/** Where a terminal writes and what time it is; the process streams and clock in production. */
export interface TerminalDevice {
  readonly out: { write(text: string): unknown };
  readonly err: { write(text: string): unknown };
  readonly interactive: boolean;
  readonly columns: number;
  now(): number;
}

const BAR_INTERVAL_MS = 100;
const LINE_INTERVAL_MS = 5_000;

export function processDevice(): TerminalDevice {
  return {
    out: process.stdout,
    err: process.stderr,
    interactive: process.stderr.isTTY && process.env["NO_COLOR"] === undefined,
    columns: process.stderr.columns ?? 80,
    now: () => performance.now(),
  };
}

export function openTerminal(json: boolean, device: TerminalDevice = processDevice()): Terminal {
  const line = (text = ""): void => {
    if (!json) device.out.write(`${text}\n`);
  };
  return {
    json,
    line,
    warn: (text) => void device.err.write(`${text}\n`),
    table: (rows, options) => {
      for (const text of alignColumns(rows, options?.numeric ?? [])) line(text);
    },
    progress: (label, total, unit) => startProgress(device, { label, total, unit }),
    result: (value) => {
      if (json) device.out.write(`${JSON.stringify(value, jsonValue, 2)}\n`);
    },
  };
}

/** NaN and infinities become null, maps objects, typed arrays arrays. */
function jsonValue(_key: string, value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value);
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Array.from(value as Float64Array);
  if (typeof value === "bigint") return Number(value);
  return value;
}

interface ProgressOptions {
  readonly label: string;
  readonly total: number;
  readonly unit: string;
}

function startProgress(device: TerminalDevice, options: ProgressOptions): Progress {
  const started = device.now();
  let shown = device.interactive ? started - BAR_INTERVAL_MS : started;
  let latest = 0;
  const write = (done: number, note: string, ended: boolean): void => {
    const text = progressText(options, { done, elapsedMs: device.now() - started, ended, note });
    if (device.interactive)
      device.err.write(`\r\x1b[2K${text.slice(0, device.columns - 1)}${ended ? "\n" : ""}`);
    else device.err.write(`${text}\n`);
  };
  return {
    update(done, note = "") {
      latest = done;
      const interval = device.interactive ? BAR_INTERVAL_MS : LINE_INTERVAL_MS;
      if (device.now() - shown < interval) return;
      shown = device.now();
      write(done, note, false);
    },
    end(note = "") {
      write(options.total > 0 ? options.total : latest, note, true);
    },
  };
}

/** One line: bar, n of N, rate, ETA while running; n and duration at the end. */
export function progressText(
  options: ProgressOptions,
  state: {
    readonly done: number;
    readonly elapsedMs: number;
    readonly ended: boolean;
    readonly note: string;
  },
): string {
  const { label, total, unit } = options;
  const { done, elapsedMs, ended, note } = state;
  const rate = elapsedMs > 0 ? (done * 1000) / elapsedMs : 0;
  const tail = note === "" ? "" : ` · ${note}`;
  if (ended) return `${label}: ${count(done)} ${unit} in ${duration(elapsedMs)}${tail}`;
  const speed = `${count(rate)} ${unit}/s`;
  if (total <= 0) return `${label}: ${count(done)} ${unit} · ${speed}${tail}`;
  const share = Math.min(1, done / total);
  const bar = "█".repeat(Math.floor(share * 20)).padEnd(20, "░");
  const eta = rate > 0 ? ` · ETA ${duration(((total - done) * 1000) / rate)}` : "";
  return `${label} ${bar} ${count(done)} of ${count(total)} ${unit} · ${speed}${eta}${tail}`;
}

/** Thousands separators, no decimals. */
export function count(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString("en-US") : "–";
}

export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

export function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  if (value < 1024 ** 2) return `${(value / 1024).toFixed(0)} KiB`;
  if (value < 1024 ** 3) return `${(value / 1024 ** 2).toFixed(1)} MiB`;
  return `${(value / 1024 ** 3).toFixed(2)} GiB`;
}

/** Pads the cells of a table; the first row is the header. CJK characters count as two columns. */
export function alignColumns(rows: readonly (readonly string[])[], numeric: readonly number[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, displayWidth(cell))));
  }
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const padding = " ".repeat(widths[column]! - displayWidth(cell));
        return numeric.includes(column) ? padding + cell : cell + padding;
      })
      .join("  ")
      .trimEnd(),
  );
}

function displayWidth(text: string): number {
  let width = 0;
  for (const character of text)
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u.test(
        character,
      )
        ? 2
        : 1;
  return width;
}
