/** Files that are read beside the bars of a source: factor files and map files, by the patterns of its mapping. */
import { dirname, join } from "node:path";
import type { BarMapping } from "../../mapping/mapping.ts";
import type { SourceFile } from "../locator.ts";

/** Paths, each once, sorted. */
export function besideFiles(files: readonly SourceFile[], mapping: BarMapping): string[] {
  const { adjustment, instrument } = mapping;
  const patterns = [
    ...("factorFiles" in adjustment && adjustment.factorFiles !== undefined ? [adjustment.factorFiles] : []),
    ...("fileName" in instrument && instrument.mapFiles !== undefined ? [instrument.mapFiles] : []),
  ];
  if (patterns.length === 0) return [];
  const name = "fileName" in instrument ? new RegExp(instrument.fileName, "u") : null;
  const found = new Set<string>();
  for (const file of files) {
    const code = name?.exec(file.name)?.groups?.["code"] ?? "";
    for (const pattern of patterns) found.add(join(dirname(file.path), pattern.replaceAll("{code}", code)));
  }
  return [...found].sort();
}
