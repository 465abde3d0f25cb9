/**
 * PGlite's files with a real fsync. PGlite starts PostgreSQL with `-F` and its Node file system has no fsync, so that a
 * commit survives a killed process but not a power cut. Here PostgreSQL runs with fsync on, and its calls reach the disk.
 * `wal_sync_method=fsync` is needed too: fdatasync, Linux's default, is an empty call in the WebAssembly runtime.
 */
import { fsyncSync } from "node:fs";
import { PGlite } from "@electric-sql/pglite";
import { NodeFS } from "@electric-sql/pglite/nodefs";

/** The part of the WebAssembly runtime's file layer that is completed; a directory has a descriptor as a file has. */
interface NodeFileLayer {
  readonly NODEFS: { readonly stream_ops: { fsync?: (stream: { readonly nfd: number }) => number } };
}

export class DurableFiles extends NodeFS {
  /** Calls that reached the disk; a test sees by it that commits do. */
  syncs = 0;

  override async init(...[database, options]: Parameters<NodeFS["init"]>): ReturnType<NodeFS["init"]> {
    const initialised = await super.init(database, options);
    const before = initialised.emscriptenOpts.preRun ?? [];
    const complete = (module: unknown): void => {
      (module as NodeFileLayer).NODEFS.stream_ops.fsync = ({ nfd }) => {
        fsyncSync(nfd);
        this.syncs += 1;
        return 0;
      };
    };
    return { emscriptenOpts: { ...initialised.emscriptenOpts, preRun: [...before, complete] } };
  }
}

/** PGlite's own parameters, durable. */
export const durableStart: readonly string[] = [
  ...PGlite.defaultStartParams.filter((parameter) => parameter !== "-F"),
  "-c",
  "fsync=on",
  "-c",
  "wal_sync_method=fsync",
  "-c",
  "synchronous_commit=on",
];

/** 1 MB log files: a fresh database is 24 MB instead of 39. */
export const initialisation: readonly string[] = ["--wal-segsize=1"];
