import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { readSettings, type WorkspaceSettings } from "./workspace-settings.ts";

function settingsOf(text: string): WorkspaceSettings {
  const root = mkdtempSync(path.join(os.tmpdir(), "settings-"));
  writeFileSync(path.join(root, "settings.yaml"), text);
  return readSettings(root);
}

const off = {
  precompute: { afterImport: false, watch: null, schedule: null },
  parquet: null,
  qlib: null,
  snapshot: { root: "snapshots", market: "aistock" },
  backup: null,
  validation: null,
};

it("everything is off without a file, and with an empty one", () => {
  expect(readSettings(mkdtempSync(path.join(os.tmpdir(), "settings-")))).toEqual(off);
  expect(settingsOf("")).toEqual(off);
  expect(settingsOf("precompute: { watch: false, schedule: false }")).toEqual(off);
});

it("backups and validations are asked for with what they need", () => {
  expect(settingsOf("backup: { target: /mnt/backup }").backup).toEqual({
    target: "/mnt/backup",
    keep: 7,
    afterRun: true,
    schedule: null,
  });
  expect(settingsOf('validation: { schedule: "0 7 * * 6" }').validation).toEqual({
    schedule: "0 7 * * 6",
    mode: "full",
  });
  expect(() => settingsOf("backup: { keep: 3 }")).toThrow(/backup\.target/);
});

it("each trigger is turned on by its own key", () => {
  expect(settingsOf("precompute: { afterImport: true }").precompute.afterImport).toBe(true);
  expect(settingsOf("precompute: { watch: true }").precompute.watch).toEqual({
    quietSeconds: 10,
    pollSeconds: 30,
  });
  expect(settingsOf("precompute: { watch: { quietSeconds: 3 } }").precompute.watch?.quietSeconds).toBe(3);
  expect(settingsOf('precompute: { schedule: "30 18 * * 1-5" }').precompute.schedule).toBe("30 18 * * 1-5");
});

it.each([
  ["precompute: { afterimport: true }", /precompute: Unrecognized key: "afterimport"/],
  ["precompute: { afterImport: sometimes }", /precompute\.afterImport: /],
  ["precompute: { schedule: daily }", /precompute\.schedule: /],
  ["precompute: [", /settings\.yaml line \d+: /],
])("%s is refused with the key or the line", (text, message) => {
  expect(() => settingsOf(text)).toThrow(message);
});

it("a settings file that cannot be read is not taken for none", () => {
  const root = mkdtempSync(path.join(os.tmpdir(), "settings-"));
  mkdirSync(path.join(root, "settings.yaml"));
  expect(() => readSettings(root)).toThrow(/EISDIR/);
});
