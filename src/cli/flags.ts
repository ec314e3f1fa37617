/** A flag as a person is told of it. One without `value` stands alone. */
export interface Flag {
  readonly name: string
  readonly value?: string
  readonly doc: string
}

/** Every flag of every command. */
export const flags = {
  sandbox: { name: "sandbox", doc: "Use an embedded Sequentum instead of the cloud; no key needed" },
  sandboxSpeed: {
    name: "sandbox-speed",
    value: "n",
    doc: "How many times faster than life its runs go, up to 100000 (default 1)"
  },
  sandboxRateLimit: {
    name: "sandbox-rate-limit",
    value: "n",
    doc: "Requests a minute that it takes from one key (default 100)"
  },
  toolsets: { name: "toolsets", value: "a,b", doc: "Offer only these toolsets" },
  tools: { name: "tools", value: "x,y", doc: "Offer these tools, in addition to the toolsets" },
  excludeTools: { name: "exclude-tools", value: "z", doc: "Do not offer these tools" },
  readOnly: { name: "read-only", doc: "Offer only tools that change nothing" },
  json: { name: "json", doc: "Print JSON for a program" },
  host: { name: "host", value: "address", doc: "Address to listen on (default 127.0.0.1)" },
  httpPort: { name: "port", value: "n", doc: "Port to listen on; 0 takes any free one (default 3000)" },
  sandboxPort: { name: "port", value: "n", doc: "Port to listen on; 0 takes any free one (default 4010)" }
} as const satisfies Readonly<Record<string, Flag>>

/** A command as a person is told of it. */
export interface Usage {
  readonly name: string
  readonly args: string
  readonly summary: string
  readonly flags: ReadonlyArray<Flag>
  readonly examples: ReadonlyArray<string>
}

const shape: ReadonlyArray<Flag> = [flags.sandboxSpeed, flags.sandboxRateLimit]
const sandbox: ReadonlyArray<Flag> = [flags.sandbox, ...shape]
const selection: ReadonlyArray<Flag> = [flags.toolsets, flags.tools, flags.excludeTools, flags.readOnly]

/** What runs when no command is named. */
export const rootUsage: Usage = {
  name: "",
  args: "",
  summary: "MCP server for Sequentum Cloud. Without a command it serves MCP over stdio.",
  flags: [...sandbox, ...selection],
  examples: ["sequentum-mcp --sandbox --sandbox-speed 60", "sequentum-mcp --read-only --toolsets agents,runs,files"]
}

/** The commands, in the order in which they are listed. */
export const commandUsages: ReadonlyArray<Usage> = [
  {
    name: "http",
    args: "",
    summary: "Serve MCP over Streamable HTTP",
    flags: [flags.host, flags.httpPort, ...sandbox, ...selection],
    examples: ["sequentum-mcp http --port 3000"]
  },
  {
    name: "sandbox",
    args: "",
    summary: "Serve the embedded Sequentum API alone",
    flags: [flags.sandboxPort, ...shape],
    examples: ["sequentum-mcp sandbox --port 4010 --sandbox-speed 60"]
  },
  {
    name: "tools",
    args: "",
    summary: "List the tools that are offered, with their hints",
    flags: [flags.json, ...selection, ...sandbox],
    examples: ["sequentum-mcp tools --toolsets runs --read-only"]
  },
  {
    name: "call",
    args: "<tool> ['<json>']",
    summary: "Call one tool and print its result",
    flags: [flags.json, ...sandbox, ...selection],
    examples: [
      `sequentum-mcp call search_agents '{"query":"books"}' --sandbox`,
      "sequentum-mcp call get_credits_balance --json"
    ]
  },
  {
    name: "demo",
    args: "",
    summary: "Watch an agent being found, run and previewed by a real client, on the sandbox",
    flags: [flags.sandbox],
    examples: ["sequentum-mcp demo"]
  }
]
