/** Trades, orders and order books: recognised and described; their import comes with the backtest engine. */
import { eventMappingSchema } from "../../mapping/mapping.ts";
import type { Recogniser } from "../recognition.ts";

type Kind = "trades" | "orders" | "book";

function events(shape: string, kind: Kind, reading: unknown, reasons: readonly string[]) {
  return {
    shape,
    mapping: eventMappingSchema.parse({ kind: "events", shape, events: kind, reading }),
    reasons,
    doubts: [],
  };
}

export const exchangeFeed: Recogniser = {
  name: "binance-feed",
  recognise({ lines }) {
    const streams = new Set(
      lines.map((line) => /"stream":"[^@"]+@(\w+)/.exec(line)?.[1]).filter((name) => name !== undefined),
    );
    if (streams.size === 0) return Promise.resolve(null);
    return Promise.resolve(
      events("binance-feed", "book", {}, [
        `each line is a local time in nanoseconds and a JSON message of Binance's streams (${[...streams].sort().join(", ")})`,
      ]),
    );
  },
};

export const bookSnapshots: Recogniser = {
  name: "book-snapshots",
  recognise({ names, reading }) {
    const levels = names.all.filter((name) => /^(ask|bid)_?(price|p|px)_?\d+$/i.test(name)).length;
    if (levels < 2) return Promise.resolve(null);
    return Promise.resolve(
      events("book-snapshots", "book", reading, [
        `${levels} columns hold ask and bid prices by level: snapshots of an order book`,
      ]),
    );
  },
};

export const orders: Recogniser = {
  name: "orders",
  recognise({ names, reading }) {
    const time = names.column("ordertime") ?? names.column("order_time");
    const price = names.column("orderprice") ?? names.column("order_price");
    if (time === undefined || price === undefined) return Promise.resolve(null);
    return Promise.resolve(
      events("orders", "orders", reading, [`${time} and ${price} are the time and limit of single orders`]),
    );
  },
};

export const trades: Recogniser = {
  name: "trades",
  recognise({ names, reading }) {
    const pick = (...plain: readonly string[]): string | undefined =>
      plain.map((name) => names.column(name)).find((name) => name !== undefined);
    const time = pick("tradetime", "tradtime", "trade_time", "transact_time", "time", "timestamp");
    const price = pick("tradeprice", "tradprice", "trade_price", "price");
    const quantity = pick("tradeqty", "tradvolume", "trade_volume", "tradevolume", "qty", "quantity", "size");
    if (
      time === undefined ||
      price === undefined ||
      quantity === undefined ||
      names.role("open") !== undefined
    ) {
      return Promise.resolve(null);
    }
    const parties = pick("buynum", "tradebuyno", "buy_order", "is_buyer_maker", "side");
    return Promise.resolve(
      events("trades", "trades", reading, [
        `${time}, ${price} and ${quantity} are time, price and size of single trades${parties === undefined ? "" : `, ${parties} tells the sides`}`,
      ]),
    );
  },
};
