import { createConnection, type Socket } from "node:net";
import { QuoteError } from "../errors.ts";
import { invalid } from "./byte-cursor.ts";
import { FrameReader, keyOf, type Answer } from "./frame.ts";
import { LOG_IN, SETUP, type Request } from "./messages.ts";

export interface TdxServer {
  readonly host: string;
  readonly port: number;
}

export interface ConnectionOptions {
  /** Milliseconds for connecting, and for each answer. */
  readonly timeoutMs: number;
  /** Whether the third set-up packet, the client's log-in, is sent. */
  readonly logIn: boolean;
  readonly signal?: AbortSignal;
}

/** Answers to nothing that was asked which are passed over before the server counts as confused. */
const MOST_STRAY = 16;

/**
 * One connection: a request at a time, each answered before the next one goes out. After any error it is closed, since what
 * comes next could belong to anything.
 */
export class TdxConnection {
  readonly server: TdxServer;
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  readonly #reader = new FrameReader();
  #waiting: Waiting | null = null;
  #failure: QuoteError | null = null;

  private constructor(server: TdxServer, socket: Socket, timeoutMs: number) {
    this.server = server;
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    socket.on("data", (bytes: Buffer) => this.#take(bytes));
    socket.on("error", (error) => this.#fail(unreachable(server, error)));
    socket.on("end", () => this.#fail(this.#closed()));
    socket.on("close", () => this.#fail(this.#closed()));
  }

  /** Connects and introduces itself. Throws QUOTE_SERVER_UNREACHABLE, and as {@link ask}. */
  static async open(server: TdxServer, options: ConnectionOptions): Promise<TdxConnection> {
    const { timeoutMs, logIn, signal } = options;
    const socket = await connected(server, options);
    const connection = new TdxConnection(server, socket, timeoutMs);
    try {
      for (const request of logIn ? [...SETUP, LOG_IN] : SETUP)
        await connection.ask(request, signal === undefined ? {} : { signal });
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  get isOpen(): boolean {
    return this.#failure === null;
  }

  /** The body of the answer. Throws QUOTE_TIMED_OUT, QUOTE_CLOSED, QUOTE_BYTES_INVALID, and the signal's reason. */
  ask(request: Request, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Uint8Array> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (this.#waiting !== null) throw new RangeError("a request is under way already");
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    return new Promise((resolve, reject) => {
      const abort = (): void => this.#fail(signal!.reason as Error);
      const timer = setTimeout(() => this.#fail(timedOut(this.server, this.#timeoutMs)), this.#timeoutMs);
      const settled = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        this.#waiting = null;
      };
      this.#waiting = {
        key: keyOf(request.bytes),
        stray: 0,
        answer: (body) => {
          settled();
          resolve(body);
        },
        fail: (error) => {
          settled();
          reject(error);
        },
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#socket.write(request.bytes);
    });
  }

  close(): void {
    this.#fail(this.#closed());
  }

  #take(bytes: Buffer): void {
    if (this.#failure !== null) return;
    try {
      for (const answer of this.#reader.push(bytes)) this.#deliver(answer);
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #deliver({ id, type, body }: Answer): void {
    const waiting = this.#waiting;
    if (waiting !== null && waiting.key.id === id && waiting.key.type === type) waiting.answer(body);
    else if (waiting !== null && ++waiting.stray > MOST_STRAY) throw invalid("it answers what was not asked");
  }

  #fail(error: Error): void {
    if (this.#failure === null) {
      this.#failure = error instanceof QuoteError ? error : this.#closed();
      this.#socket.destroy();
    }
    this.#waiting?.fail(error);
  }

  #closed(): QuoteError {
    const { host, port } = this.server;
    const cut = this.#reader.pending > 0 ? ` in the middle of an answer (${this.#reader.pending} bytes)` : "";
    return new QuoteError("QUOTE_CLOSED", `${host}:${port} closed the connection${cut}`, {
      remedy: "ask again; another server is tried as well when several are named",
    });
  }
}

interface Waiting {
  readonly key: { readonly id: number; readonly type: number };
  stray: number;
  readonly answer: (body: Uint8Array) => void;
  readonly fail: (error: Error) => void;
}

function connected(server: TdxServer, { timeoutMs, signal }: ConnectionOptions): Promise<Socket> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: server.host, port: server.port, noDelay: true });
    const settle = (error: Error | null): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      socket.removeAllListeners();
      if (error === null) {
        resolve(socket);
        return;
      }
      // A connection attempt that is given up may still report its end.
      socket.on("error", () => undefined);
      socket.destroy();
      reject(error);
    };
    const abort = (): void => settle(signal!.reason as Error);
    const timer = setTimeout(() => settle(timedOut(server, timeoutMs)), timeoutMs);
    signal?.addEventListener("abort", abort, { once: true });
    socket.once("connect", () => settle(null));
    socket.once("error", (error) => settle(unreachable(server, error)));
  });
}

function timedOut({ host, port }: TdxServer, timeoutMs: number): QuoteError {
  return new QuoteError("QUOTE_TIMED_OUT", `${host}:${port} did not answer within ${timeoutMs} ms`, {
    remedy: "name another server, or allow more time",
  });
}

function unreachable({ host, port }: TdxServer, cause: Error): QuoteError {
  return new QuoteError("QUOTE_SERVER_UNREACHABLE", `${host}:${port}: ${cause.message}`, {
    remedy: "check the address and the network, or name another server",
    cause,
  });
}
