import { serveMcp } from "./serve/serve.ts"
import { runMain } from "./serve/runMain.ts"

// Clients start this program with each chat window, nearly always without arguments, so the command line is loaded
// only if there are any.
const words = process.argv.slice(2)
if (words.length === 0) runMain(serveMcp())
else void import("./cli/runCommandLine.ts").then(({ runCommandLine }) => runCommandLine(words))
