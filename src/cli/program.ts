import { Command } from "commander";
import { dataCommand } from "./data.ts";
import { demoCommand } from "./demo.ts";
import { doctorCommand } from "./doctor.ts";
import { factorsCommand } from "./factors.ts";
import { importCommand } from "./import.ts";
import { qlibCommand } from "./qlib.ts";
import { version } from "./version.ts";

/** The whole command line. Each command lives in the file of its name. */
export function buildProgram(): Command {
  return new Command("alphaloom")
    .description("From daily bars to factors, evaluation and Qlib, with one set of definitions")
    .version(version)
    .showHelpAfterError("(--help lists what there is)")
    .addCommand(demoCommand())
    .addCommand(importCommand())
    .addCommand(dataCommand())
    .addCommand(factorsCommand())
    .addCommand(qlibCommand())
    .addCommand(doctorCommand());
}
