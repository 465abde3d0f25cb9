import type { Day } from "#market/day";
import { QuoteError } from "../errors.ts";
import type { Quote, QuoteAnswer, QuoteFailure, QuoteFeed } from "../quote-feed.ts";
import { invalid } from "./byte-cursor.ts";
import { keyOfCode, quoteOf, sharesOf, tdxCodeOf } from "./canonical.ts";
import { TdxConnection, type TdxServer } from "./connection.ts";
import {
  barsRequest,
  dividendsRequest,
  MOST_BARS,
  MOST_QUOTES,
  quotesRequest,
  readBars,
  readDividends,
  readQuotes,
  type BarKind,
  type Request,
  type TdxDividend,
} from "./messages.ts";

/**
 * Quotes, bars and dividends of mainland instruments from TDX level-1 servers. They are unofficial, know no account and
 * differ from each other, so several may be named: the one that answered last is asked first, and every other one
 * before an error is thrown.
 */
export interface TdxOptions {
  readonly servers: readonly TdxServer[];
  /** For connecting and for each answer; 5,000 unless told. */
  readonly timeoutMs?: number;
  /** Sends the client's log-in after connecting; few servers want it, many refuse it. Default false. */
  readonly logIn?: boolean;
}

/** An unadjusted bar in canonical units. */
export interface QuotedBar {
  readonly day: Day;
  /** Minute of the day at which the bar ends; NaN for a daily one. */
  readonly minute: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** Shares; NaN when volume and amount contradict each other. */
  readonly volume: number;
  readonly amount: number;
}

interface CallOptions {
  readonly signal?: AbortSignal;
}

export class TdxFeed implements QuoteFeed {
  readonly locator: string;
  readonly #servers: readonly TdxServer[];
  readonly #timeoutMs: number;
  readonly #logIn: boolean;
  #preferred = 0;
  #connection: TdxConnection | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor({ servers, timeoutMs = 5000, logIn = false }: TdxOptions) {
    if (servers.length === 0) throw new RangeError("a TDX feed needs a server");
    this.#servers = servers;
    this.#timeoutMs = timeoutMs;
    this.#logIn = logIn;
    this.locator = `tdx:${servers.map(({ host, port }) => `${host}:${port}`).join()}`;
  }

  /** In requests of at most 80 instruments. Throws `QuoteError` when no server gives them all. */
  async quotes(instruments: readonly string[], { signal }: CallOptions = {}): Promise<QuoteAnswer> {
    const found = new Map<string, Quote | QuoteFailure>();
    const known = [...new Set(instruments)].flatMap((instrument) => {
      const code = tdxCodeOf(instrument);
      if (code !== null) return [{ instrument, code }];
      const message = "TDX servers quote instruments of Shanghai, Shenzhen and Beijing";
      found.set(instrument, { instrument, code: "QUOTE_INSTRUMENT_UNKNOWN", message });
      return [];
    });
    for (let from = 0; from < known.length; from += MOST_QUOTES) {
      const some = known.slice(from, from + MOST_QUOTES);
      const given = await this.#ask(quotesRequest(some.map(({ code }) => code)), readQuotes, signal);
      const byCode = new Map(given.map((quote) => [keyOfCode(quote), quote]));
      for (const { instrument, code } of some) {
        const quote = byCode.get(keyOfCode(code));
        const missing = { instrument, code: "QUOTE_MISSING", message: "it is not in the answer" } as const;
        found.set(instrument, quote === undefined ? missing : quoteOf(instrument, quote));
      }
    }
    const all = [...found.values()];
    return {
      server: this.#server(),
      quotes: all.filter((each): each is Quote => !("code" in each)),
      failures: all.filter((each): each is QuoteFailure => "code" in each),
    };
  }

  /** The last `count` bars before `skip` later ones, oldest first; in requests of at most 800. Throws `QuoteError`. */
  async bars(
    instrument: string,
    request: { readonly kind: BarKind; readonly count: number; readonly skip?: number },
    { signal }: CallOptions = {},
  ): Promise<QuotedBar[]> {
    const { kind, count, skip = 0 } = request;
    const code = knownCode(instrument);
    const bars: QuotedBar[] = [];
    while (bars.length < count) {
      const wanted = Math.min(MOST_BARS, count - bars.length);
      const asked = barsRequest(code, { kind, start: skip + bars.length, count: wanted });
      const given = await this.#ask(asked, (body) => readBars(body, kind), signal);
      if (given.length > wanted) throw invalid(`${given.length} bars where ${wanted} were asked for`);
      const part = given.map(({ day, minute, open, high, low, close, volume, amount }): QuotedBar => {
        const prices = { open: open / 1000, high: high / 1000, low: low / 1000, close: close / 1000 };
        const shares =
          volume === 0 ? 0 : sharesOf({ volume, amount, low: low / 1000, high: high / 1000 }, instrument);
        return { day, minute, ...prices, volume: shares, amount };
      });
      bars.unshift(...part);
      if (given.length < wanted) break;
    }
    return bars;
  }

  /** Dividends and rights of an instrument, oldest first as the server has them. Throws `QuoteError`. */
  async dividends(instrument: string, { signal }: CallOptions = {}): Promise<TdxDividend[]> {
    const rows = await this.#ask(dividendsRequest(knownCode(instrument)), readDividends, signal);
    return rows.filter(({ category }) => category === 1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#connection?.close();
    await this.#turn.catch(() => undefined);
  }

  #server(): string {
    const { host, port } = this.#servers[this.#preferred]!;
    return `tdx:${host}:${port}`;
  }

  /** One request at a time; each server once, or twice where an old connection turns out to be dead. */
  #ask<T>(request: Request, read: (body: Uint8Array) => T, signal?: AbortSignal): Promise<T> {
    const answer = this.#turn.then(() => this.#askServers(request, read, signal));
    this.#turn = answer.catch(() => undefined);
    return answer;
  }

  async #askServers<T>(request: Request, read: (body: Uint8Array) => T, signal?: AbortSignal): Promise<T> {
    if (this.#isClosed) throw new RangeError("the feed is closed");
    const call = signal === undefined ? {} : { signal };
    const failures: QuoteError[] = [];
    if (this.#connection?.isOpen === true) {
      try {
        return read(await this.#connection.ask(request, call));
      } catch (error) {
        this.#giveUp(error);
        signal?.throwIfAborted();
      }
    }
    for (let turn = 0; turn < this.#servers.length; turn++) {
      try {
        const options = { timeoutMs: this.#timeoutMs, logIn: this.#logIn, ...call };
        this.#connection = await TdxConnection.open(this.#servers[this.#preferred]!, options);
        return read(await this.#connection.ask(request, call));
      } catch (error) {
        failures.push(this.#giveUp(error));
        signal?.throwIfAborted();
        this.#preferred = (this.#preferred + 1) % this.#servers.length;
      }
    }
    const [first] = failures as [QuoteError];
    if (failures.length === 1) throw first;
    const found = `none of ${failures.length} servers answered: ${failures.map(({ message }) => message).join("; ")}`;
    throw new QuoteError(first.code, found, { remedy: first.remedy, cause: first });
  }

  /** Closes what failed; anything but a failure of the server is thrown on. */
  #giveUp(error: unknown): QuoteError {
    this.#connection?.close();
    this.#connection = null;
    if (error instanceof QuoteError) return error;
    throw error;
  }
}

function knownCode(instrument: string): NonNullable<ReturnType<typeof tdxCodeOf>> {
  const code = tdxCodeOf(instrument);
  if (code !== null) return code;
  throw new QuoteError("QUOTE_INSTRUMENT_UNKNOWN", `${instrument} is no mainland instrument`, {
    remedy: "TDX servers quote instruments of Shanghai, Shenzhen and Beijing",
  });
}

/** `HOST:PORT,HOST:PORT`; the port is 7709 unless told. Throws QUOTE_ADDRESS_INVALID. */
export function tdxServersOf(text: string): TdxServer[] {
  return text.split(",").map((part) => {
    const match = /^\s*(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(?::(\d{1,5}))?\s*$/.exec(part);
    const port = Number(match?.[2] ?? 7709);
    if (match === null || port < 1 || port > 65_535) {
      throw new QuoteError("QUOTE_ADDRESS_INVALID", `"${part}" is no address of a server`, {
        remedy: "write HOST:PORT, several with commas between: 10.0.0.1:7709,10.0.0.2:7709",
      });
    }
    return { host: match[1]!.replace(/^\[|\]$/g, ""), port };
  });
}
