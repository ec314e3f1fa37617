import { serveMcp } from "./app.ts"
import { runMain } from "./run.ts"

// Each chat window starts this program, nearly always without arguments: the command line is loaded only for the rest.
if (process.argv.length <= 2) runMain(serveMcp())
else void import("./cli/main.ts").then(({ main }) => main(process.argv))
