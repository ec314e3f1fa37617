import { runCommandLine } from "../src/cli/runCommandLine.ts"
import { runMain } from "../src/serve/runMain.ts"
import { serveMcp } from "../src/serve/serve.ts"

// Like src/main.ts, but imports the command line statically. Shows what loading it on demand saves.
const words = process.argv.slice(2)
if (words.length === 0) runMain(serveMcp())
else runCommandLine(words)
