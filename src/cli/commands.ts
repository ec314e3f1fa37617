import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { settings } from "../config.ts"
import { serveMcp } from "../serve/serve.ts"
import { allTools } from "../tools/catalog/all.ts"
import { call } from "./callCommand.ts"
import { clients } from "./clients.ts"
import * as Command from "./Command.ts"
import { helpCommand } from "./commandLine.ts"
import { completion, shells } from "./completion.ts"
import {
  address,
  failOnFailure,
  installation,
  json,
  noBrowser,
  readOnlyServer,
  sandbox,
  sandboxPort,
  sandboxServer,
  sandboxShape,
  selection,
  yes
} from "./flags.ts"
import { out } from "./print.ts"
import { serveSandbox, withSandbox } from "./sandbox.ts"
import { helpOnTool, listTools, showTool } from "./toolsCommand.ts"

const http = Command.make({
  name: "http",
  summary: "Serve MCP over Streamable HTTP",
  args: [],
  flags: { ...address, ...sandbox, ...selection },
  examples: ["sequentum-mcp http --port 3000"],
  isServer: true,
  run: (flags, overrides) => withSandbox(flags, new Map([...overrides, [settings.transport.env, "http"]]), serveMcp)
})

const sandboxAlone = Command.make({
  name: "sandbox",
  summary: "Serve the embedded Sequentum API alone",
  args: [],
  flags: { port: sandboxPort, ...sandboxShape },
  examples: ["sequentum-mcp sandbox --port 4010 --sandbox-speed 60"],
  isServer: true,
  run: serveSandbox
})

const clientIds = clients.map(({ id }) => id)

const toolNames = allTools.map(({ name }) => name)

/** The help of the tool that is named first, if one is. */
const toolDetails = ([name]: ReadonlyArray<string>) => (name === undefined ? undefined : helpOnTool(name))

const tools = Command.make({
  name: "tools",
  summary: "List the tools that are offered, or show one with its parameters",
  args: [Command.optional("tool", toolNames)],
  // Accepts the sandbox's flags as `call` does, but starts no sandbox: listing sends nothing to Sequentum.
  flags: { json, ...selection, ...sandbox },
  examples: ["sequentum-mcp tools --toolsets runs --read-only", "sequentum-mcp tools start_agent"],
  details: toolDetails,
  run: ({ args: [tool], json: asJson }, overrides) =>
    Option.match(tool, {
      onNone: () => listTools(asJson, overrides),
      onSome: (name) => showTool(name, asJson, overrides)
    })
})

const callTool = Command.make({
  name: "call",
  summary: "Call one tool and print its result. Arguments are name=value, a JSON object, or - for JSON on stdin",
  args: [Command.required("tool", toolNames), Command.rest("arguments", "name=value ...")],
  flags: { json, failOnFailure, yes, ...sandbox, ...selection },
  examples: [
    "sequentum-mcp call search_agents query=books --sandbox",
    `sequentum-mcp call search_agents '{"query":"books"}' --json`,
    "sequentum-mcp call start_agent --help"
  ],
  details: toolDetails,
  run: ({ args: [tool, words], failOnFailure: fails, json: asJson, yes: isYes, ...options }, overrides) =>
    withSandbox(options, overrides, (all) =>
      call(tool, words, { asJson, failOnFailure: fails, isSandbox: options.sandbox, isYes }, all)
    )
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

const installIn = Command.make({
  name: "install",
  summary: "Show how to add this server to a client, or add it",
  args: [Command.optional("client", clientIds)],
  flags: { ...installation, sandbox: sandboxServer, readOnly: readOnlyServer },
  examples: [
    "sequentum-mcp install",
    "sequentum-mcp install cursor",
    "sequentum-mcp install vscode --write",
    "sequentum-mcp install claude-desktop --login --write",
    "sequentum-mcp install claude-ai --remote https://mcp.example.com/mcp"
  ],
  run: ({ args: [client], ...options }, overrides) =>
    Effect.flatMap(
      Effect.promise(() => import("./install.ts")),
      ({ install }) => install(client, options, overrides)
    )
})

const doctor = Command.make({
  name: "doctor",
  summary: "Check this machine, the settings, the network and the API, and say what to do",
  args: [],
  flags: { json, ...sandbox },
  examples: ["sequentum-mcp doctor", "sequentum-mcp doctor --json > report.json"],
  run: ({ json: asJson, ...options }, overrides) =>
    Effect.flatMap(
      Effect.promise(() => import("./doctor/doctor.ts")),
      ({ doctor: examine }) => withSandbox(options, overrides, (all) => examine(asJson, all, options.sandbox))
    )
})

const loginCommand = Command.make({
  name: "login",
  summary: "Sign in to Sequentum in the browser, in place of an API key",
  args: [],
  flags: { noBrowser },
  examples: ["sequentum-mcp login"],
  run: (flags, overrides) =>
    Effect.flatMap(
      Effect.promise(() => import("./login.ts")),
      ({ login }) => login(!flags.noBrowser, overrides)
    )
})

const logoutCommand = Command.make({
  name: "logout",
  summary: "Forget the tokens of the sign-in",
  args: [],
  flags: {},
  examples: ["sequentum-mcp logout"],
  run: (_, overrides) =>
    Effect.flatMap(
      Effect.promise(() => import("./login.ts")),
      ({ logout }) => logout(overrides)
    )
})

const completionScript = Command.make({
  name: "completion",
  summary: "Print the script by which a shell completes commands, tools and parameters",
  args: [Command.required("shell", shells)],
  flags: {},
  examples: ['eval "$(sequentum-mcp completion bash)"'],
  run: ({ args: [word] }) => {
    const shell = shells.find((one) => one === word)
    return shell === undefined
      ? Command.usageError(`${JSON.stringify(word.slice(0, 40))} is not supported: choose bash, zsh or fish.`)
      : out(completion(shell, program))
  }
})

// The command line reader answers it: `help call` is `call --help`.
const helpOn = Command.make({
  name: helpCommand,
  summary: "Show the help of a command, or of a tool: help call start_agent",
  args: [Command.rest("command", "command")],
  flags: {},
  examples: ["sequentum-mcp help call"],
  run: () => Effect.void
})

/** The program: every command with its flags, arguments, help and action. Commands are listed in this order. */
export const program: Command.Command = Command.make({
  name: "",
  summary: "MCP server for Sequentum Cloud. Without a command it serves MCP over stdio.",
  args: [],
  flags: { ...sandbox, ...selection },
  examples: ["sequentum-mcp --sandbox --sandbox-speed 60", "sequentum-mcp --read-only --toolsets agents,runs,files"],
  commands: [
    http,
    sandboxAlone,
    tools,
    callTool,
    demo,
    installIn,
    loginCommand,
    logoutCommand,
    doctor,
    completionScript,
    helpOn
  ],
  isServer: true,
  run: (flags, overrides) => withSandbox(flags, overrides, serveMcp)
})
