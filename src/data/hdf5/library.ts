/**
 * The HDF5 library compiled to WebAssembly, loaded once and on first use: 3 MB of code that most commands never need.
 * It works on real paths. A failure throws the library's error stack; what has no stack returns a negative status.
 */
import type { Module } from "h5wasm/node";

export type Hdf5Library = typeof Module;

let loading: Promise<Hdf5Library> | undefined;

export function hdf5Library(): Promise<Hdf5Library> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Hdf5Library> {
  const { ready } = await import("h5wasm/node");
  const library = await ready;
  library.activate_throwing_error_handler();
  return library;
}

/** Room in the library's memory; 0 when there is none. */
export function allocate(library: Memory, bytes: number): number {
  const { _malloc: claim } = library;
  return claim(bytes);
}

export function free(library: Memory, at: number): void {
  const { _free: give } = library;
  give(at);
}

/** The compiled functions, which know no `this`. */
interface Memory {
  readonly _malloc: (this: void, bytes: number) => number;
  readonly _free: (this: void, at: number) => void;
}
