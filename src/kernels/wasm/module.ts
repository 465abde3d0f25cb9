import { Bytes } from "./bytes.ts";
import { valueType } from "./opcodes.ts";

const FUNCTION = 0x60;
const MEMORY = 2;

/** A function of `parameters` integers that returns an integer. */
export interface ModuleFunction {
  readonly name: string;
  readonly body: Bytes;
  readonly parameters: number;
}

/** Pages of 64 KB that 32-bit addresses reach. */
export const MOST_PAGES = 65_536;
/** Limits with a maximum, of a memory that threads share. */
const SHARED = 3;

/** A module that imports `engine.memory` and exports each function by name. */
export function encodeModule(
  functions: readonly ModuleFunction[],
  { shared = false }: { readonly shared?: boolean } = {},
): Uint8Array<ArrayBuffer> {
  const module = new Bytes().bytes([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  const signatures = [...new Set(functions.map(({ parameters }) => parameters))];
  const types = new Bytes().u32(signatures.length);
  for (const parameters of signatures) {
    types
      .byte(FUNCTION)
      .u32(parameters)
      .bytes(Array.from({ length: parameters }, () => valueType.i32));
    types.u32(1).byte(valueType.i32);
  }
  const imports = new Bytes().u32(1).text("engine").text("memory").byte(MEMORY);
  if (shared) imports.byte(SHARED).u32(1).u32(MOST_PAGES);
  else imports.byte(0).u32(1);
  const declared = new Bytes().u32(functions.length);
  const exported = new Bytes().u32(functions.length);
  const code = new Bytes().u32(functions.length);
  for (const [index, { name, body, parameters }] of functions.entries()) {
    declared.u32(signatures.indexOf(parameters));
    exported.text(name).byte(0).u32(index);
    code.sized(body);
  }
  for (const [id, section] of [
    [1, types],
    [2, imports],
    [3, declared],
    [7, exported],
    [10, code],
  ] as const) {
    module.byte(id).sized(section);
  }
  return new Uint8Array(module.view());
}
