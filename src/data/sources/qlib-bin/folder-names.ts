/**
 * How Qlib spells an instrument as a folder: lower-case, and device names that Windows reserves
 * (`CON`, `COM1`, …) behind the prefix `_qlib_`.
 */
const RESERVED = /^(?:con|prn|aux|nul|com\d|lpt\d)$/;
const PREFIX = "_qlib_";

/** `SH600000` → `sh600000`, `CON` → `_qlib_con`. */
export function folderOfInstrument(instrument: string): string {
  const lower = instrument.toLowerCase();
  return RESERVED.test(lower) ? PREFIX + lower : lower;
}

/** `sh600000` → `SH600000`, `_qlib_con` → `CON`. */
export function instrumentOfFolder(folder: string): string {
  const lower = folder.toLowerCase();
  return (lower.startsWith(PREFIX) ? lower.slice(PREFIX.length) : lower).toUpperCase();
}
