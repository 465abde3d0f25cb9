import {
  LANES_PER_BLOCK,
  type RowRange,
  type StoredValues,
  type StoreSnapshot,
} from "#data/store/panel-store";

/**
 * Recently read values of a store's blocks, the least recently used given up first. What is kept is told apart by
 * generation, set, block, field and rows; generations never change, so that nothing kept is ever out of date, and a newer
 * generation finds nothing of an older one.
 */
export class BlockCache {
  readonly #limit: number;
  readonly #tiles = new Map<string, StoredValues>();
  #bytes = 0;
  #hits = 0;
  #misses = 0;

  /** `limitBytes`: of values kept; 0 keeps none. */
  constructor(limitBytes: number) {
    if (!(limitBytes >= 0)) throw new RangeError(`a cache of ${limitBytes} bytes`);
    this.#limit = limitBytes;
  }

  /** Tiles found and read since the beginning, and the bytes kept now. */
  get statistics(): { readonly hits: number; readonly misses: number; readonly bytes: number } {
    return { hits: this.#hits, misses: this.#misses, bytes: this.#bytes };
  }

  /**
   * The snapshot with `readBlock` answered from here where it can be; what it returns is not to be changed. A request for
   * more than half of the limit passes by, so that reading a whole market does not push out what is used often.
   */
  over(snapshot: StoreSnapshot): StoreSnapshot {
    if (this.#limit === 0) return snapshot;
    const all = { from: 0, to: snapshot.time.days.length };
    const readBlock: StoreSnapshot["readBlock"] = (set, block, fields, rows = all) =>
      this.#readBlock(snapshot, { set, block, fields, rows });
    return new Proxy(snapshot, {
      get(target, name): unknown {
        if (name === "readBlock") return readBlock;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
  }

  async #readBlock(snapshot: StoreSnapshot, request: Request): Promise<ReadonlyMap<string, StoredValues>> {
    const { set, block, fields, rows } = request;
    const declared = snapshot.fieldSets.get(set)?.fields ?? [];
    const widthOf = new Map(declared.map(({ name, dtype }) => [name, dtype === "f32" ? 4 : 8]));
    const cells = (rows.to - rows.from) * LANES_PER_BLOCK;
    const bytes = fields.reduce((sum, name) => sum + cells * (widthOf.get(name) ?? 0), 0);
    if (bytes * 2 > this.#limit || fields.some((name) => !widthOf.has(name)))
      return snapshot.readBlock(set, block, fields, rows);
    const from = Math.floor(rows.from / TILE_ROWS);
    const to = Math.ceil(rows.to / TILE_ROWS);
    const place = `${snapshot.generation} ${block} ${set}`;
    const found = new Map<string, StoredValues[]>();
    const lacking: string[] = [];
    for (const name of fields) {
      const tiles = this.#tilesOf(`${place} ${name}`, from, to);
      if (tiles === null) lacking.push(name);
      else found.set(name, tiles);
    }
    if (lacking.length > 0) {
      const last = snapshot.time.days.length;
      const wide = { from: from * TILE_ROWS, to: Math.min(to * TILE_ROWS, last) };
      const read = await snapshot.readBlock(set, block, lacking, wide);
      for (const name of lacking) found.set(name, this.#keep(`${place} ${name}`, from, read.get(name)!));
    }
    return new Map(fields.map((name) => [name, joined(found.get(name)!, rows, from * TILE_ROWS)]));
  }

  /** All tiles of a field between two numbers, or null when one is lacking. */
  #tilesOf(key: string, from: number, to: number): StoredValues[] | null {
    const tiles: StoredValues[] = [];
    for (let tile = from; tile < to; tile++) {
      const known = this.#tiles.get(`${key} ${tile}`);
      if (known === undefined) {
        this.#misses += to - from;
        return null;
      }
      tiles.push(known);
    }
    for (const [index, tile] of tiles.entries()) {
      this.#tiles.delete(`${key} ${from + index}`);
      this.#tiles.set(`${key} ${from + index}`, tile);
    }
    this.#hits += tiles.length;
    return tiles;
  }

  /** Cuts what was read into tiles of their own memory and keeps them. */
  #keep(key: string, from: number, values: StoredValues): StoredValues[] {
    const tiles: StoredValues[] = [];
    for (let at = 0; at < values.length; at += TILE_ROWS * LANES_PER_BLOCK) {
      const tile = values.slice(at, at + TILE_ROWS * LANES_PER_BLOCK);
      const name = `${key} ${from + tiles.length}`;
      this.#bytes += tile.byteLength - (this.#tiles.get(name)?.byteLength ?? 0);
      this.#tiles.delete(name);
      this.#tiles.set(name, tile);
      tiles.push(tile);
    }
    for (const [name, tile] of this.#tiles) {
      if (this.#bytes <= this.#limit) break;
      this.#tiles.delete(name);
      this.#bytes -= tile.byteLength;
    }
    return tiles;
  }
}

interface Request {
  readonly set: string;
  readonly block: number;
  readonly fields: readonly string[];
  readonly rows: RowRange;
}

/** Rows that are kept together; twice the rows of a checksum. */
const TILE_ROWS = 512;

/** The rows out of adjoining tiles, of which the first one begins at `first`. */
function joined(tiles: readonly StoredValues[], rows: RowRange, first: number): StoredValues {
  const [from, to] = [(rows.from - first) * LANES_PER_BLOCK, (rows.to - first) * LANES_PER_BLOCK];
  const only = tiles[0];
  if (tiles.length === 1) return only!.subarray(from, to);
  const values = only instanceof Float64Array ? new Float64Array(to - from) : new Float32Array(to - from);
  let at = 0;
  for (const tile of tiles) {
    const [start, end] = [Math.max(from, at), Math.min(to, at + tile.length)];
    if (start < end) values.set(tile.subarray(start - at, end - at), start - from);
    at += tile.length;
  }
  return values;
}
