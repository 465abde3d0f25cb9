import { promisify } from "node:util";
import { constants, zstdCompress } from "node:zlib";
import { snappyCompressed } from "./snappy.ts";

export type Compression = "zstd" | "snappy" | "uncompressed";

/** Numbers of the codecs in Parquet's metadata. */
export const CODEC: Readonly<Record<Compression, number>> = { uncompressed: 0, snappy: 1, zstd: 6 };

const zstd = promisify(zstdCompress);

/** Level of zstd: numbers hardly get smaller with more, and twice as slow. */
const ZSTD_LEVEL = 1;

/** Compresses a page; zstd on Node's own threads. */
export async function compressed(bytes: Uint8Array, compression: Compression): Promise<Uint8Array> {
  if (compression === "uncompressed") return bytes;
  if (compression === "snappy") return snappyCompressed(bytes);
  return await zstd(bytes, { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } });
}
