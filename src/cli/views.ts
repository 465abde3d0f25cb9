import { instrumentOf } from "#market/instrument";
import { viewOfQlib, viewOfStore, type MarketView } from "#pipelines/market-view";
import { listArgument } from "./arguments.ts";
import type { CommandContext } from "./command.ts";
import { UsageError } from "./outcome.ts";
import { chosenSnapshot, chosenStore } from "./stores.ts";

export interface ViewOptions {
  readonly source?: string;
  readonly store?: string;
  readonly generation?: string;
  readonly codes?: string;
  readonly vwap?: string;
}

/** Runs `use` on the market data that `--source`, `--store` and `--codes` name; a store's generation stays pinned meanwhile. */
export async function withView<T>(
  context: CommandContext,
  options: ViewOptions,
  use: (view: MarketView) => Promise<T>,
): Promise<T> {
  const source = options.source ?? "store";
  if (source.startsWith("qlib:")) return use(nonEmpty(qlibView(source.slice("qlib:".length), options)));
  if (source !== "store") {
    throw new UsageError(
      `--source ${source} cannot be computed on`,
      "import it first and leave --source out, or name a Qlib directory as qlib:DIR",
    );
  }
  const store = await chosenStore(context, options.store);
  await using snapshot = await chosenSnapshot(store, options.generation);
  const codes = options.codes === undefined ? undefined : listArgument(options.codes, "--codes");
  const instruments = codes?.map((code) => snapshot.instrument(knownId(code)).id);
  const vwap = vwapOption(options.vwap);
  const view = viewOfStore(snapshot, {
    ...(instruments === undefined ? {} : { instruments: new Set(instruments) }),
    ...(vwap === undefined ? {} : { vwap }),
  });
  return await use(nonEmpty(view));
}

function qlibView(dir: string, options: ViewOptions): MarketView {
  if (options.codes === undefined) return viewOfQlib(dir);
  const codes = listArgument(options.codes, "--codes").map((code) => code.toUpperCase());
  return viewOfQlib(dir, { instruments: new Set(codes) });
}

function knownId(code: string): string {
  return instrumentOf(code, { acceptUnknown: true });
}

function vwapOption(text: string | undefined): "amount" | "typical" | undefined {
  if (text === undefined || text === "amount" || text === "typical") return text;
  throw new UsageError(`--vwap ${text} is not a rule`, "give amount or typical");
}

function nonEmpty(view: MarketView): MarketView {
  if (view.instruments.length > 0) return view;
  throw new UsageError(
    `${view.locator} holds none of the instruments`,
    "check --codes, or import them first",
  );
}
