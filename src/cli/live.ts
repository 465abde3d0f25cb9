import { Command } from "commander";
import { liveFeaturesCommand } from "./live-features.ts";
import { liveQuotesCommand } from "./live-quotes.ts";

export function liveCommand(): Command {
  return new Command("live")
    .description(
      "the features of the last days as a strategy reads them, and the quotes of the running session",
    )
    .addCommand(liveFeaturesCommand())
    .addCommand(liveQuotesCommand());
}
