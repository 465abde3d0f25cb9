import { Command } from "commander";
import { runCommand, withSharedOptions } from "./command.ts";
import type { DemoLoadOptions, SourceTestOptions, WriteFactorsOptions } from "./source-connection.ts";
import { demoLoad } from "./source-demo-load.ts";
import { testSource } from "./source-test.ts";
import { writeBack } from "./source-write-factors.ts";

export function sourceCommand(): Command {
  return new Command("source")
    .description("PostgreSQL and TimescaleDB servers: look at them, fill a demonstration, write factors back")
    .addCommand(
      connected("test")
        .description(
          "connect, and show tables, columns, rows, the recognised mapping and units, and problems",
        )
        .option(
          "--table <name>",
          "SCHEMA.TABLE[?adjustment=SCHEMA.TABLE&factors=SCHEMA.TABLE]; without it all tables are listed",
        )
        .option("--mapping <file>", "YAML file that says what the columns are (docs/guides/postgresql.md)")
        .action((options: SourceTestOptions) =>
          runCommand(options, (context) => testSource(context, options)),
        ),
    )
    .addCommand(
      connected("demo-load")
        .description(
          "make and fill tables with the shipped A-share bars as users have them; tables that it did not make are left alone",
        )
        .option("--schema <name>", "schema of the tables; made when it is missing", "market")
        .action((options: DemoLoadOptions) => runCommand(options, (context) => demoLoad(context, options))),
    )
    .addCommand(
      connected("write-factors")
        .description("write factors and labels of a store into a table, in place of values it has")
        .option(
          "--table <name>",
          "table with (ts_code, trade_date) as its primary key",
          "market.factor_daily",
        )
        .option("--store <name>", "which store, e.g. XSHG/day, when there are several")
        .option("--set <name...>", "only these stored sets")
        .option("--columns <list>", "only these columns, e.g. alpha158.MA5,tech.RSI14")
        .option("--start <date>", "first session")
        .option("--end <date>", "last session")
        .option("--codes <list>", "only these instruments: A,B or @FILE")
        .option("--create-table", "make the table when there is none")
        .option("--create-columns", "make columns that the table lacks")
        .action((options: WriteFactorsOptions) =>
          runCommand(options, (context) => writeBack(context, options)),
        ),
    );
}

function connected(name: string): Command {
  return withSharedOptions(new Command(name))
    .option("--url <url>", "the connection; other users of this machine may see it, prefer the environment")
    .option("--url-env <name>", "environment variable that holds the connection", "ALPHALOOM_SOURCE_URL");
}
