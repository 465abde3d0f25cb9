import type { QuoteFeed } from "#data/quotes/quote-feed";
import { TdxFeed, tdxServersOf } from "#data/quotes/tdx/tdx-feed";
import { UsageError } from "./outcome.ts";

/** The feed that `--feed tdx:HOST:PORT,HOST:PORT` names. Throws `UsageError`, QUOTE_ADDRESS_INVALID. */
export function feedArgument(
  text: string,
  options: { readonly timeout?: string; readonly logIn?: boolean },
): QuoteFeed {
  const [kind = "", ...rest] = text.split(":");
  if (kind !== "tdx" || rest.length === 0)
    throw new UsageError(
      `--feed ${text} is no feed`,
      "write tdx:HOST:PORT, several servers with commas between",
    );
  const servers = tdxServersOf(rest.join(":"));
  const seconds = Number(options.timeout ?? 5);
  if (!(seconds > 0 && seconds <= 600))
    throw new UsageError(`--timeout ${options.timeout} is no time`, "give seconds, at most 600");
  return new TdxFeed({ servers, timeoutMs: seconds * 1000, logIn: options.logIn === true });
}
