/** YAML whose values know where in the text they stand, so that an error about a value can name its line and column. */
import { isNode, isScalar, LineCounter, parseDocument, Scalar, type Document } from "yaml";

/** 1-based. */
export interface TextPlace {
  readonly row: number;
  readonly column: number;
}

export type Path = readonly (string | number)[];

export interface LocatedYaml {
  readonly value: unknown;
  /** Of the value at a path; `offset` moves inside a text that stands on one line. Undefined when there is no such value. */
  placeOf(path: Path, offset?: number): TextPlace | undefined;
}

export interface YamlFault extends TextPlace {
  readonly message: string;
}

/** The value of a text, or the first thing that keeps it from being YAML. */
export function readYaml(text: string): { readonly yaml: LocatedYaml } | { readonly fault: YamlFault } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    const second = error.code === "MULTIPLE_DOCS";
    const message = second ? "a second document begins here; a file holds one" : error.message;
    return { fault: faultAt(message, lines.linePos(error.pos[0])) };
  }
  let value: unknown;
  try {
    value = document.toJS();
  } catch (failure) {
    // Aliases that expand without end are found here only.
    if (!(failure instanceof Error)) throw failure;
    return { fault: faultAt(failure.message, { line: 1, col: 1 }) };
  }
  return {
    yaml: { value, placeOf: (path, offset = 0) => placeIn(document, lines, { path, offset }) },
  };
}

function faultAt(message: string, at: { readonly line: number; readonly col: number }): YamlFault {
  return { message: message.split("\n", 1)[0]!, row: at.line, column: at.col };
}

function placeIn(
  document: Document,
  lines: LineCounter,
  what: { readonly path: Path; readonly offset: number },
): TextPlace | undefined {
  const node: unknown = document.getIn(what.path, true);
  if (!isNode(node) || !node.range) return undefined;
  const { line, col } = lines.linePos(node.range[0]);
  return { row: line, column: col + (isScalar(node) ? columnsInto(node, what.offset) : 0) };
}

/** Columns from a scalar's start to a character of its value; block texts stay at their start. */
function columnsInto(node: Scalar, offset: number): number {
  if (node.type === Scalar.PLAIN) return offset;
  const quoted = node.type === Scalar.QUOTE_DOUBLE || node.type === Scalar.QUOTE_SINGLE;
  return quoted ? offset + 1 : 0;
}
