/** A TDX server on this machine, which answers from made-up data or misbehaves as it is told. */
import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import {
  answerTo,
  barsBody,
  dividendsBody,
  quotesBody,
  type ServedBar,
  type ServedQuote,
} from "./tdx-bytes.ts";

export interface Reply {
  readonly socket: Socket;
  readonly request: Uint8Array;
  /** The bytes that a right answer would be. */
  readonly answer: Uint8Array;
  /** Requests of this connection so far, this one included. */
  readonly turn: number;
}

export interface TdxServerOptions {
  /** By market and code: `0000001`. */
  readonly quotes?: ReadonlyMap<string, ServedQuote>;
  readonly bars?: readonly ServedBar[];
  readonly dividends?: Parameters<typeof dividendsBody>[2];
  readonly deflated?: boolean;
  /** Sends what it likes instead of the answer. */
  readonly reply?: (reply: Reply) => void;
}

export class TdxTestServer implements AsyncDisposable {
  readonly port: number;
  /** Requests of all connections, in order. */
  readonly requests: readonly Uint8Array[];
  readonly #server: Server;
  readonly #sockets: ReadonlySet<Socket>;

  private constructor(server: Server, requests: readonly Uint8Array[], sockets: ReadonlySet<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
    this.requests = requests;
    this.port = (server.address() as AddressInfo).port;
  }

  static open(options: TdxServerOptions = {}): Promise<TdxTestServer> {
    const requests: Uint8Array[] = [];
    const sockets = new Set<Socket>();
    // Half-open on purpose: a server that has ended its side may still be written to.
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => undefined);
      socket.on("end", () => socket.end());
      let held = Buffer.alloc(0);
      let turn = 0;
      socket.on("data", (bytes: Buffer) => {
        held = Buffer.concat([held, bytes]);
        for (;;) {
          const length = held.length < 10 ? Number.NaN : 10 + held.readUInt16LE(6);
          if (!(held.length >= length)) return;
          const request = Uint8Array.from(held.subarray(0, length));
          held = held.subarray(length);
          requests.push(request);
          const answer = answerTo(request, bodyFor(request, options), {
            deflated: options.deflated === true,
          });
          turn++;
          if (options.reply === undefined) socket.write(answer);
          else options.reply({ socket, request, answer, turn });
        }
      });
    });
    return new Promise((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve(new TdxTestServer(server, requests, sockets)));
    });
  }

  /** Ends all connections, not the listening. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hangUp();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function bodyFor(request: Uint8Array, options: TdxServerOptions): Uint8Array {
  const bytes = Buffer.from(request);
  const [type, at] = [bytes.readUInt16LE(10), 22];
  if (type === 0x053e) {
    const asked = Array.from({ length: bytes.readUInt16LE(20) }, (_, index) => {
      const one = bytes.subarray(at + 7 * index, at + 7 * index + 7);
      return `${one[0]}${one.toString("latin1", 1)}`;
    });
    return quotesBody(asked.flatMap((code) => options.quotes?.get(code) ?? []));
  }
  if (type === 0x052d) {
    const [start, count] = [bytes.readUInt16LE(24), bytes.readUInt16LE(26)];
    const bars = options.bars ?? [];
    const end = Math.max(0, bars.length - start);
    return barsBody(bars.slice(Math.max(0, end - count), end));
  }
  if (type === 0x000f)
    return dividendsBody(bytes[14]!, bytes.toString("latin1", 15, 21), options.dividends ?? []);
  return Uint8Array.from(Buffer.from("welcome"));
}
