import { ExpressionError } from "../errors.ts";
import { limits } from "./limits.ts";

/**
 * Cuts expression text into tokens. Field names are what Qlib takes: letters of any script, digits, `_`, and the
 * punctuation `、：（）` that Chinese field names carry.
 */
export type Token =
  | {
      readonly kind: "field" | "periodic" | "name" | "text" | "sign";
      readonly text: string;
      readonly column: number;
    }
  | {
      readonly kind: "number";
      readonly value: number;
      readonly whole: boolean;
      readonly text: string;
      readonly column: number;
    }
  | { readonly kind: "end"; readonly text: ""; readonly column: number };

const SPACE = /\s+/y;
const FIELD = /(\$\$?)([\p{L}\p{N}_、：（）]*)/uy;
/** The same of ASCII alone, with nothing of another script behind it. */
const ASCII_FIELD = /(\$\$?)(\w+)(?![\w\u0080-\uffff])/y;
const ASCII_NAME = /[A-Za-z_]\w*(?![\w\u0080-\uffff])/y;
/** What begins most of the tokens that are no names. */
const NO_NAME = new Set("()+-*/,<>=&|'\"0123456789.[]");
const NUMBER = /(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?/y;
const NAME = /[\p{L}_][\p{L}\p{N}_]*/uy;
const TEXT = /'([^'\\\n]*)'|"([^"\\\n]*)"/y;
const SIGN = /\*\*|\/\/|>=|<=|==|!=|<<|>>|[-+*/()<>,&|%~^=!.[\]{}:;@]/y;

export function tokensOf(text: string): Token[] {
  if (text.length > limits.maxLength) {
    throw new ExpressionError("EXPRESSION_TOO_LONG", `the text has ${text.length} characters`, {
      remedy: `keep an expression under ${limits.maxLength} characters; split it into several factors`,
    });
  }
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  while (at < text.length) {
    if (match(SPACE) !== null) continue;
    const column = at + 1;
    // The patterns of any script are slow to make and to try: only where they may match.
    const begin = text[at]!;
    const field = begin === "$" ? (match(ASCII_FIELD) ?? match(FIELD)) : null;
    if (field !== null) {
      if (field[2] === "") {
        throw new ExpressionError("EXPRESSION_SYNTAX", `${field[1]!} is followed by no field name`, {
          column,
          remedy: "write the field right after the sign, as in $close",
        });
      }
      tokens.push({ kind: field[1] === "$" ? "field" : "periodic", text: field[2]!, column });
      continue;
    }
    const number = match(NUMBER);
    if (number !== null) {
      tokens.push(numberToken(number[0], column));
      continue;
    }
    const name = match(ASCII_NAME) ?? (NO_NAME.has(begin) ? null : match(NAME));
    if (name !== null) {
      tokens.push({ kind: "name", text: name[0], column });
      continue;
    }
    const quoted = match(TEXT);
    if (quoted !== null) {
      tokens.push({ kind: "text", text: quoted[1] ?? quoted[2] ?? "", column });
      continue;
    }
    const sign = match(SIGN);
    if (sign !== null) {
      tokens.push({ kind: "sign", text: sign[0], column });
      continue;
    }
    throw strange(text, at);
  }
  tokens.push({ kind: "end", text: "", column: text.length + 1 });
  return tokens;
}

function numberToken(text: string, column: number): Token {
  const whole = /^[\d_]+$/.test(text);
  const tidy = !/__|_$|_[.eE]|\._/.test(text) && !(whole && /^0[\d_]*[1-9]/.test(text));
  const value = Number(text.replaceAll("_", ""));
  if (!tidy || !Number.isFinite(value)) {
    throw new ExpressionError("EXPRESSION_NUMBER", `found ${text}, expected a finite decimal number`, {
      column,
      remedy: "write it like 5, 0.3 or 1e-12, without leading zeros",
    });
  }
  return { kind: "number", value, whole: whole && Number.isSafeInteger(value), text, column };
}

function strange(text: string, at: number): ExpressionError {
  const character = String.fromCodePoint(text.codePointAt(at)!);
  if (character === "'" || character === '"') {
    return new ExpressionError("EXPRESSION_TEXT_OPEN", `the quote ${character} is never closed`, {
      column: at + 1,
      remedy: "close it; a text holds no backslash and no line break",
    });
  }
  return new ExpressionError("EXPRESSION_CHARACTER", `found ${JSON.stringify(character)}`, {
    column: at + 1,
    remedy: "use $field, numbers, operators like Mean(...), + - * / ** & | > >= < <= == != and brackets",
  });
}
