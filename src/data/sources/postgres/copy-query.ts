/**
 * The rows of a COPY as the socket delivers them. The server wraps each row in a message (a letter, a length, the bytes);
 * taking the wrappers off in place, chunk by chunk, costs less than any queue of messages. After PostgreSQL's documentation
 * of the message flow; it takes the socket from the driver for as long as rows come, as pg-copy-streams does.
 */
import type { Socket } from "node:net";
import type { Connection, Submittable } from "pg";

const COPY_DATA = 0x64;
const COPY_DONE = 0x63;
const ERROR = 0x45;
const HEADER = 5;
/** Chunks that may wait for the reader; beyond them the socket is not read, and so the server waits. */
const MOST_WAITING = 16;

type Handler = (chunk: Buffer) => void;

export class CopyQuery implements Submittable, AsyncIterable<Buffer> {
  readonly #text: string;
  #socket: Socket | undefined;
  #driver: Handler | undefined;
  readonly #waiting: Buffer[] = [];
  #wake: (() => void) | undefined;
  #ended = false;
  #error: Error | undefined;
  /** The bytes of a message's head that came with the chunk before. */
  #head: Buffer | undefined;
  /** Bytes of the message at hand that are still to come, and whether they are rows. */
  #left = 0;
  #rows = false;

  constructor(text: string) {
    this.#text = text;
  }

  submit(connection: Connection): void {
    const socket = (connection as unknown as { readonly stream: Socket }).stream;
    const [driver] = socket.listeners("data") as Handler[];
    if (driver === undefined) throw new TypeError("the driver does not read its socket");
    this.#socket = socket;
    this.#driver = driver;
    socket.off("data", driver);
    socket.on("data", this.#onData);
    (connection as unknown as { query(text: string): void }).query(this.#text);
  }

  /** Called by the driver: an error of the server, or of the connection. */
  handleError(error: Error): void {
    this.fail(error);
  }

  handleCommandComplete(): void {
    this.#finish();
  }

  handleReadyForQuery(): void {
    this.#finish();
  }

  /** Ends the rows with an error. */
  fail(error: Error): void {
    this.#error ??= error;
    this.#release(Buffer.alloc(0));
    this.#finish();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (;;) {
      const chunk = this.#waiting.shift();
      if (chunk !== undefined) {
        if (this.#waiting.length < MOST_WAITING / 2 && this.#socket?.isPaused() === true)
          this.#socket.resume();
        yield chunk;
      } else if (this.#error !== undefined) throw this.#error;
      else if (this.#ended) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }

  readonly #onData = (chunk: Buffer): void => {
    const rows = this.#unwrap(chunk);
    if (rows.length === 0) return;
    this.#waiting.push(rows);
    if (this.#waiting.length >= MOST_WAITING && this.#driver !== undefined) this.#socket!.pause();
    this.#wake?.();
  };

  /** The rows of a chunk, moved to its front. */
  #unwrap(received: Buffer): Buffer {
    let chunk = received;
    if (this.#head !== undefined) {
      chunk = Buffer.concat([this.#head, received]);
      this.#head = undefined;
    }
    let from = 0;
    let to = 0;
    while (from < chunk.length) {
      if (this.#left > 0) {
        const length = Math.min(this.#left, chunk.length - from);
        if (this.#rows) {
          chunk.copyWithin(to, from, from + length);
          to += length;
        }
        from += length;
        this.#left -= length;
        continue;
      }
      const kind = chunk[from]!;
      if (kind === ERROR) {
        this.#release(chunk.subarray(from));
        break;
      }
      if (chunk.length - from < HEADER) {
        this.#head = Buffer.from(chunk.subarray(from));
        break;
      }
      this.#left = chunk.readUInt32BE(from + 1) - 4;
      this.#rows = kind === COPY_DATA;
      from += HEADER;
      if (kind !== COPY_DONE) continue;
      const rest = Buffer.from(chunk.subarray(from));
      this.#release(rest);
      break;
    }
    return chunk.subarray(0, to);
  }

  /** Gives the socket back to the driver, with what it has to read. */
  #release(rest: Buffer): void {
    const [socket, driver] = [this.#socket, this.#driver];
    if (socket === undefined || driver === undefined) return;
    this.#driver = undefined;
    socket.off("data", this.#onData);
    socket.on("data", driver);
    if (rest.length > 0) driver(rest);
    socket.resume();
  }

  #finish(): void {
    this.#ended = true;
    this.#wake?.();
  }
}
