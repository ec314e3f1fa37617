import { serveMcp } from "../src/serve/serve.ts"
import { main } from "../src/cli/commands.ts"
import { runMain } from "../src/serve/runMain.ts"

// The program as src/main.ts has it, with the command line among its static imports: what not splitting it off would cost.
if (process.argv.length <= 2) runMain(serveMcp())
else main(process.argv)
