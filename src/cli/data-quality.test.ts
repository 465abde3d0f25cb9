/** The quality commands on a terminal that keeps what is written to it. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import type { CommandContext } from "./command.ts";
import { showDetection, showQuality } from "./data-quality.ts";
import { importInto } from "./import.ts";
import { openTerminal } from "./terminal.ts";

const bars = `timestamp,open,high,low,close,volume
2024-01-01,10,11,9,10,5.5
2024-01-02,10,11,9,10.5,6.25
2024-01-03,10.5,11,9,-3,7.125
2024-01-05,10.5,11,9,10,8.5
2024-01-06,10,11,9,10.25,5.75
2024-01-07,10.25,11,9,10,5.875
`;

function terminalIn(root: string, json = false): { context: CommandContext; text: () => string } {
  let written = "";
  const terminal = openTerminal(json, {
    out: { write: (text) => (written += text) },
    err: { write: () => undefined },
    interactive: false,
    columns: 80,
    now: () => 0,
  });
  const context = { terminal, workspace: path.join(root, "ws"), signal: new AbortController().signal };
  return { context, text: () => written };
}

function placeWithBars(): { root: string; locator: string } {
  const root = mkdtempSync(path.join(os.tmpdir(), "data-quality-"));
  writeFileSync(path.join(root, "btcusdt-1d.csv"), bars);
  return { root, locator: `csv:${path.join(root, "btcusdt-1d.csv")}` };
}

it("import says by rule what was found and where the page is; data quality says the same later", async () => {
  const { root, locator } = placeWithBars();
  const importing = terminalIn(root);
  await importInto(importing.context, locator);
  expect(importing.text()).toMatch(
    /error price-invalid: 1 in 1 instruments, 1 days, e\.g\. BTCUSDT\.BINANCE 2024-01-03/,
  );
  expect(importing.text()).toMatch(/warning missing-sessions: 1 in 1 instruments, 1 days/);
  expect(importing.text()).toContain("btcusdt-1d.csv.zh.html");
  const later = terminalIn(root);
  const out = path.join(root, "page.html");
  expect(await showQuality(later.context, { lang: "en", out })).toBe(true);
  expect(later.text()).toMatch(/6 rows, 2024-01-01 … 2024-01-07, 1 kept out/);
  expect(later.text()).toMatch(
    /Price not positive or not finite +error( +1){4} +BTCUSDT\.BINANCE 2024-01-03/,
  );
  expect(readFileSync(out, "utf8")).toContain("Price not positive or not finite");
  const asJson = terminalIn(root, true);
  await showQuality(asJson.context, { lang: "en" });
  expect(JSON.parse(asJson.text())).toMatchObject([{ version: 1, rows: 6, keptOut: 1 }]);
});

it("a source is inspected without being imported", async () => {
  const { root, locator } = placeWithBars();
  const { context, text } = terminalIn(root);
  await showQuality(context, { lang: "zh", source: locator });
  expect(text()).toMatch(/价格非正或无穷 +error( +1){4} +BTCUSDT\.BINANCE 2024-01-03/);
  await expect(showQuality(context, { lang: "en" })).rejects.toMatchObject({ code: "CLI_USAGE" });
  await expect(showQuality(context, { lang: "fr" })).rejects.toMatchObject({ code: "CLI_USAGE" });
});

it("data detect says why, and prints a mapping that is read back", async () => {
  const { root, locator } = placeWithBars();
  const why = terminalIn(root);
  await showDetection(why.context, locator, {});
  expect(why.text()).toMatch(/bars, crypto-daily\n {2}· /);
  const printed = terminalIn(root);
  await showDetection(printed.context, locator, { printMapping: true });
  const mapping = path.join(root, "mapping.yaml");
  writeFileSync(mapping, printed.text());
  const importing = terminalIn(root);
  const result = await importInto(importing.context, locator, { mapping });
  expect(result.rows).toMatchObject({ read: 6, added: 5 });
  await expect(showDetection(why.context, "qlib:x", {})).rejects.toMatchObject({ code: "CLI_USAGE" });
});
