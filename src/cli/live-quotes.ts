import { Command } from "commander";
import { instrumentOf } from "#market/instrument";
import { listArgument } from "./arguments.ts";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { feedArgument } from "./live-feeds.ts";

interface QuotesOptions extends SharedOptions {
  readonly symbols: string;
  readonly feed: string;
  readonly timeout?: string;
  readonly logIn?: boolean;
}

export function liveQuotesCommand(): Command {
  return withSharedOptions(new Command("quotes"))
    .description("ask a quote server what it says of some instruments")
    .requiredOption("--symbols <list>", "instruments: A,B or @FILE with one a line")
    .requiredOption("--feed <feed>", "tdx:HOST:PORT, several servers with commas between")
    .option("--timeout <seconds>", "for each answer of a server; 5 unless told")
    .option("--log-in", "send the client's log-in after connecting; few TDX servers want it")
    .action((options: QuotesOptions) => runCommand(options, (context) => quotes(context, options)));
}

async function quotes({ terminal, signal }: CommandContext, options: QuotesOptions): Promise<boolean> {
  const symbols = listArgument(options.symbols, "--symbols").map((code) => instrumentOf(code));
  await using feed = feedArgument(options.feed, options);
  const answer = await feed.quotes(symbols, { signal });
  for (const quote of answer.quotes) {
    const { instrument, price, open, high, low, preclose, volume, amount } = quote;
    terminal.line(
      `${instrument}  price ${price}  open ${open}  high ${high}  low ${low}  preclose ${preclose}  volume ${volume}  amount ${amount}`,
    );
  }
  for (const { instrument, code, message } of answer.failures)
    terminal.warn(`${instrument} has no quote: ${code} ${message}`);
  terminal.result({ ok: answer.failures.length === 0, ...answer });
  return answer.failures.length === 0;
}
