import { serveMcp } from "./serve/serve.ts"
import { runMain } from "./serve/runMain.ts"

// Each chat window starts this program, nearly always without arguments: the command line is loaded only for the rest.
if (process.argv.length <= 2) runMain(serveMcp())
else void import("./cli/commands.ts").then(({ main }) => main(process.argv))
