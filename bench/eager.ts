import { runCommandLine } from "../src/cli/runCommandLine.ts"
import { runMain } from "../src/serve/runMain.ts"
import { serveMcp } from "../src/serve/serve.ts"

// src/main.ts with a static import of the command line: what it would cost not to load it on demand.
const words = process.argv.slice(2)
if (words.length === 0) runMain(serveMcp())
else runCommandLine(words)
