import * as Effect from "effect/Effect"
import { settings } from "../config.ts"
import { serveMcp } from "../serve/serve.ts"
import { call } from "./callCommand.ts"
import * as Command from "./Command.ts"
import { address, json, sandbox, sandboxPort, sandboxShape, selection } from "./flags.ts"
import { serveSandbox, withSandbox } from "./sandbox.ts"
import { listTools } from "./toolsCommand.ts"

const http = Command.make({
  name: "http",
  summary: "Serve MCP over Streamable HTTP",
  args: [],
  flags: { ...address, ...sandbox, ...selection },
  examples: ["sequentum-mcp http --port 3000"],
  run: (flags, overrides) => withSandbox(flags, new Map([...overrides, [settings.transport.env, "http"]]), serveMcp)
})

const sandboxAlone = Command.make({
  name: "sandbox",
  summary: "Serve the embedded Sequentum API alone",
  args: [],
  flags: { port: sandboxPort, ...sandboxShape },
  examples: ["sequentum-mcp sandbox --port 4010 --sandbox-speed 60"],
  run: serveSandbox
})

const tools = Command.make({
  name: "tools",
  summary: "List the tools that are offered, with their hints",
  args: [],
  // Accepts the sandbox's flags as `call` does, but starts no sandbox: listing sends nothing to Sequentum.
  flags: { json, ...selection, ...sandbox },
  examples: ["sequentum-mcp tools --toolsets runs --read-only"],
  run: (flags, overrides) => listTools(flags.json, overrides)
})

const callTool = Command.make({
  name: "call",
  summary: "Call one tool and print its result",
  args: [Command.required("tool"), Command.optional("json", "{}", "'<json>'")],
  flags: { json, ...sandbox, ...selection },
  examples: [
    `sequentum-mcp call search_agents '{"query":"books"}' --sandbox`,
    "sequentum-mcp call get_credits_balance --json"
  ],
  run: ({ args: [tool, text], json: asJson, ...options }, overrides) =>
    withSandbox(options, overrides, (all) => call(tool, text, asJson, all))
})

const demo = Command.make({
  name: "demo",
  summary: "Watch an agent being found, run and previewed by a real client, on the sandbox",
  args: [],
  // The demo uses a sandbox with or without it.
  flags: { sandbox: sandbox.sandbox },
  examples: ["sequentum-mcp demo"],
  run: () =>
    Effect.flatMap(
      Effect.promise(() => import("./demo.ts")),
      ({ demo: run }) => run
    )
})

/** The program: every command with its flags, arguments, help and action. Commands are listed in this order. */
export const program = Command.make({
  name: "",
  summary: "MCP server for Sequentum Cloud. Without a command it serves MCP over stdio.",
  args: [],
  flags: { ...sandbox, ...selection },
  examples: ["sequentum-mcp --sandbox --sandbox-speed 60", "sequentum-mcp --read-only --toolsets agents,runs,files"],
  commands: [http, sandboxAlone, tools, callTool, demo],
  run: (flags, overrides) => withSandbox(flags, overrides, serveMcp)
})
