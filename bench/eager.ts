import { serveMcp } from "../src/app.ts"
import { main } from "../src/cli/main.ts"
import { runMain } from "../src/run.ts"

// The program as src/main.ts has it, with the command line among its static imports: what not splitting it off would cost.
if (process.argv.length <= 2) runMain(serveMcp())
else main(process.argv)
