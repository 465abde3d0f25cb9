import { runProgram } from "./program.ts";

const NODE_MAJOR = 24;

if (Number(process.versions.node.split(".")[0]) !== NODE_MAJOR) {
  process.stderr.write(
    `Alphaloom runs on Node ${NODE_MAJOR}; this is Node ${process.versions.node}. Start it with bin/alphaloom or npm.\n`,
  );
  process.exit(1);
}

// The reader of a pipe has seen enough (`| head`): nobody is left to tell.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit();
  throw error;
});

await runProgram(process.argv);
