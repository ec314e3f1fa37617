import { fileURLToPath } from "node:url"

/** Path of the built program. */
export const builtProgram = fileURLToPath(new URL("../../dist/main.js", import.meta.url))
