import { serveMcp } from "../src/serve/serve.ts"
import { main } from "../src/cli/commands.ts"
import { runMain } from "../src/serve/runMain.ts"

// Like src/main.ts, but imports the command line statically. Shows what lazy loading of it saves.
if (process.argv.length <= 2) runMain(serveMcp())
else main(process.argv)
