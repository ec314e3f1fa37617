import { posix, win32 } from "node:path"

/** The name under which clients list the server. */
export const serverName = "sequentum"

/** The variable of the key. */
export const keyVariable = "SEQUENTUM_API_KEY"

/** What stands where a person has to put the key. The server refuses it with a sentence that says so. */
export const keyPlaceholder = "<your API key>"

/** A program and its arguments. */
export interface Launch {
  readonly command: string
  readonly args: ReadonlyArray<string>
  /** False for a sandbox, and for a sign-in. */
  readonly needsKey: boolean
  /** It relies on a sign-in. */
  readonly usesLogin?: boolean
  /** Further variables that it needs. No secret. */
  readonly variables?: Readonly<Record<string, string>>
}

/** A server that a client starts, or one that it reaches. */
export type Server = ({ readonly _tag: "Local" } & Launch) | { readonly _tag: "Remote"; readonly url: string }

/** What decides where files are. */
export interface Machine {
  readonly platform: string
  readonly home: string
  /** %APPDATA% of Windows. */
  readonly appData: string | undefined
  /** $XDG_CONFIG_HOME. */
  readonly configHome: string | undefined
}

/** Where a file is: below the folder for settings of programs, or below the home folder. */
export interface Place {
  readonly darwin: string
  readonly linux: string
  readonly win32: string
}

type Entry = Readonly<Record<string, unknown>>

/** A JSON file that the client reads. */
export interface ClientFile {
  readonly place: Place
  /** The member that holds servers by name. */
  readonly container: string
  readonly local: (launch: Launch) => Entry
  /** Absent if the file takes local servers only. */
  readonly remote?: (url: string) => Entry
  /**
   * How the key gets in: `input` asks for it and stores it by itself; `variable` reads it from the environment of the
   * client; `file` has no way but the file.
   */
  readonly key:
    | { readonly _tag: "input"; readonly value: string; readonly input: { readonly id: string } & Entry }
    | { readonly _tag: "variable"; readonly value: string }
    | { readonly _tag: "file" }
}

/** Whether a client can do something, as far as its makers say. */
type Ability = "yes" | "no" | "not known"

/** All there is to know of a client. `sequentum-mcp install` and docs/clients.md are made from this. */
export interface Client {
  readonly id: string
  readonly name: string
  /** A program with a window does not see the PATH of a shell, so it gets the whole path of the command. */
  readonly hasWindow: boolean
  readonly file?: ClientFile
  /** A command of the client that does the same. The key comes from the environment. */
  readonly command?: (server: Server) => string | undefined
  /** A block for a file of another format, which this program does not edit. */
  readonly block?: {
    readonly place: Place
    readonly language: "toml" | "yaml"
    readonly text: (server: Server) => string
  }
  /** An address that opens the client with the server filled in. It holds no key. */
  readonly link?: (server: Server) => string | undefined
  /** How a person adds a remote server. */
  readonly remoteSteps?: string
  readonly shows: {
    readonly elicitation: Ability
    readonly tasks: Ability
    readonly skills: Ability
    readonly resources: Ability
  }
  /** What is good to know where a key is needed. */
  readonly keyNote?: string
  readonly note?: string
}

const withVariables = (key: string, { needsKey, variables = {} }: Launch) => {
  const env = { ...(needsKey ? { [keyVariable]: key } : {}), ...variables }
  return Object.keys(env).length === 0 ? {} : { env }
}

const entry =
  (key: string, more: Entry = {}) =>
  (launch: Launch): Entry => ({ ...more, command: launch.command, args: launch.args, ...withVariables(key, launch) })

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64")

/** A word as a POSIX shell reads it. */
export const shellWord = (word: string) => (/^[\w./:=@%+-]+$/u.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)

const shellLine = (...words: ReadonlyArray<string>) => words.map(shellWord).join(" ")

/** In double quotes, so that the shell puts the key in and no file of commands holds it. */
const keyWord = `${keyVariable}="$${keyVariable}"`

/** `--env` for each further variable. */
const variableWords = ({ variables = {} }: Launch) =>
  Object.entries(variables).flatMap(([name, value]) => ["--env", shellWord(`${name}=${value}`)])

const toml = JSON.stringify

const tomlTable = (values: Readonly<Record<string, string>>) =>
  `{ ${Object.entries(values)
    .map(([name, value]) => `${name} = ${toml(value)}`)
    .join(", ")} }`

const vscodeKey = "sequentum-api-key"

const vscodeInput = { type: "promptString", id: vscodeKey, description: "Sequentum API key", password: true }

const home = (path: string): Place => ({ darwin: `~/${path}`, linux: `~/${path}`, win32: `~/${path}` })

/** The clients, in the order in which they are listed. */
export const clients: ReadonlyArray<Client> = [
  {
    id: "claude-desktop",
    name: "Claude Desktop",
    hasWindow: true,
    file: {
      place: {
        darwin: "~/Library/Application Support/Claude/claude_desktop_config.json",
        linux: "$CONFIG/Claude/claude_desktop_config.json",
        win32: "$APPDATA/Claude/claude_desktop_config.json"
      },
      container: "mcpServers",
      local: entry(keyPlaceholder),
      key: { _tag: "file" }
    },
    remoteSteps: "Settings, Connectors, Add custom connector, and the address.",
    shows: { elicitation: "not known", tasks: "no", skills: "not known", resources: "yes" },
    keyNote: "The bundle (MCPB) is the other way: it asks for the key and keeps it in the system's store."
  },
  {
    id: "claude-code",
    name: "Claude Code",
    hasWindow: false,
    file: {
      place: { darwin: "./.mcp.json", linux: "./.mcp.json", win32: "./.mcp.json" },
      container: "mcpServers",
      local: entry(`\${${keyVariable}}`, { type: "stdio" }),
      remote: (url) => ({ type: "http", url }),
      key: { _tag: "variable", value: `\${${keyVariable}}` }
    },
    command: (server) =>
      server._tag === "Remote"
        ? shellLine("claude", "mcp", "add", "--transport", "http", serverName, server.url)
        : [
            shellLine("claude", "mcp", "add", serverName),
            ...(server.needsKey ? [`--env ${keyWord}`] : []),
            ...variableWords(server),
            shellLine("--", server.command, ...server.args)
          ].join(" "),
    shows: { elicitation: "yes", tasks: "no", skills: "not known", resources: "yes" },
    note: "The file is that of a project, for everybody who works on it. The command is for you alone, in the present project; with --scope user it is for all of them."
  },
  {
    id: "claude-ai",
    name: "Claude.ai",
    hasWindow: false,
    remoteSteps: "Settings, Connectors, Add custom connector, and the address. Sign in when it asks.",
    shows: { elicitation: "not known", tasks: "no", skills: "not known", resources: "yes" }
  },
  {
    id: "chatgpt",
    name: "ChatGPT",
    hasWindow: false,
    remoteSteps:
      "Settings, Apps & Connectors, Advanced settings: turn on developer mode. Then Create, the address, and OAuth as authentication.",
    shows: { elicitation: "yes", tasks: "no", skills: "not known", resources: "no" }
  },
  {
    id: "cursor",
    name: "Cursor",
    hasWindow: true,
    file: {
      place: home(".cursor/mcp.json"),
      container: "mcpServers",
      local: entry(`\${env:${keyVariable}}`),
      remote: (url) => ({ url }),
      key: { _tag: "variable", value: `\${env:${keyVariable}}` }
    },
    link: (server) =>
      `cursor://anysphere.cursor-deeplink/mcp/install?name=${serverName}&config=${encodeURIComponent(
        base64(server._tag === "Remote" ? { url: server.url } : entry(`\${env:${keyVariable}}`)(server))
      )}`,
    shows: { elicitation: "yes", tasks: "no", skills: "not known", resources: "yes" },
    note: "A project can have its own .cursor/mcp.json: name it with --file."
  },
  {
    id: "vscode",
    name: "VS Code",
    hasWindow: true,
    file: {
      place: {
        darwin: "~/Library/Application Support/Code/User/mcp.json",
        linux: "$CONFIG/Code/User/mcp.json",
        win32: "$APPDATA/Code/User/mcp.json"
      },
      container: "servers",
      local: entry(`\${input:${vscodeKey}}`, { type: "stdio" }),
      remote: (url) => ({ type: "http", url }),
      key: {
        _tag: "input",
        value: `\${input:${vscodeKey}}`,
        input: vscodeInput
      }
    },
    link: (server) =>
      `vscode:mcp/install?${encodeURIComponent(
        JSON.stringify(
          server._tag === "Remote"
            ? { name: serverName, type: "http", url: server.url }
            : {
                name: serverName,
                ...entry(`\${input:${vscodeKey}}`, { type: "stdio" })(server),
                ...(server.needsKey ? { inputs: [vscodeInput] } : {})
              }
        )
      )}`,
    shows: { elicitation: "yes", tasks: "no", skills: "not known", resources: "yes" },
    keyNote: "VS Code asks for the key once and keeps it encrypted.",
    note: "A project can have its own .vscode/mcp.json: name it with --file."
  },
  {
    id: "windsurf",
    name: "Windsurf",
    hasWindow: true,
    file: {
      place: home(".codeium/windsurf/mcp_config.json"),
      container: "mcpServers",
      local: entry(`\${env:${keyVariable}}`),
      remote: (url) => ({ serverUrl: url }),
      key: { _tag: "variable", value: `\${env:${keyVariable}}` }
    },
    shows: { elicitation: "not known", tasks: "no", skills: "not known", resources: "yes" }
  },
  {
    id: "zed",
    name: "Zed",
    hasWindow: true,
    file: {
      place: {
        darwin: "~/.config/zed/settings.json",
        linux: "$CONFIG/zed/settings.json",
        win32: "$APPDATA/Zed/settings.json"
      },
      container: "context_servers",
      local: entry(keyPlaceholder),
      remote: (url) => ({ url }),
      key: { _tag: "file" }
    },
    shows: { elicitation: "no", tasks: "no", skills: "not known", resources: "no" }
  },
  {
    id: "lm-studio",
    name: "LM Studio",
    hasWindow: true,
    file: {
      place: home(".lmstudio/mcp.json"),
      container: "mcpServers",
      local: entry(keyPlaceholder),
      remote: (url) => ({ url }),
      key: { _tag: "file" }
    },
    link: (server) =>
      `lmstudio://add_mcp?name=${serverName}&config=${encodeURIComponent(
        base64(server._tag === "Remote" ? { url: server.url } : entry(keyPlaceholder)(server))
      )}`,
    shows: { elicitation: "not known", tasks: "no", skills: "not known", resources: "not known" }
  },
  {
    id: "goose",
    name: "goose",
    hasWindow: false,
    block: {
      place: {
        darwin: "~/.config/goose/config.yaml",
        linux: "$CONFIG/goose/config.yaml",
        win32: "$APPDATA/Block/goose/config/config.yaml"
      },
      language: "yaml",
      text: (server) =>
        [
          "extensions:",
          `  ${serverName}:`,
          "    enabled: true",
          `    name: ${serverName}`,
          "    timeout: 300",
          ...(server._tag === "Remote"
            ? ["    type: streamable_http", `    uri: ${toml(server.url)}`]
            : [
                "    type: stdio",
                `    cmd: ${toml(server.command)}`,
                `    args: ${toml(server.args)}`,
                ...(server.needsKey ? [`    env_keys: ["${keyVariable}"]`] : []),
                ...(server.variables === undefined ? [] : [`    envs: ${toml(server.variables)}`])
              ])
        ].join("\n")
    },
    shows: { elicitation: "yes", tasks: "no", skills: "not known", resources: "yes" },
    keyNote: "`goose configure`, Add Extension, does the same and keeps the key in the system's store.",
    note: "This program does not edit YAML, since it could not keep your comments."
  },
  {
    id: "gemini",
    name: "Gemini CLI",
    hasWindow: false,
    file: {
      place: home(".gemini/settings.json"),
      container: "mcpServers",
      local: entry(`$${keyVariable}`),
      remote: (url) => ({ httpUrl: url }),
      key: { _tag: "variable", value: `$${keyVariable}` }
    },
    command: (server) =>
      server._tag === "Remote"
        ? shellLine("gemini", "mcp", "add", "--scope", "user", "--transport", "http", serverName, server.url)
        : undefined,
    shows: { elicitation: "not known", tasks: "no", skills: "not known", resources: "yes" }
  },
  {
    id: "codex",
    name: "Codex",
    hasWindow: false,
    block: {
      place: home(".codex/config.toml"),
      language: "toml",
      text: (server) =>
        [
          `[mcp_servers.${serverName}]`,
          ...(server._tag === "Remote"
            ? [`url = ${toml(server.url)}`]
            : [
                `command = ${toml(server.command)}`,
                `args = ${toml(server.args)}`,
                ...(server.needsKey ? [`env_vars = ["${keyVariable}"]`] : []),
                ...(server.variables === undefined ? [] : [`env = ${tomlTable(server.variables)}`])
              ])
        ].join("\n")
    },
    command: (server) =>
      server._tag === "Remote"
        ? shellLine("codex", "mcp", "add", serverName, "--url", server.url)
        : server.needsKey
          ? undefined
          : [
              shellLine("codex", "mcp", "add", serverName),
              ...variableWords(server),
              shellLine("--", server.command, ...server.args)
            ].join(" "),
    shows: { elicitation: "yes", tasks: "no", skills: "not known", resources: "not known" },
    keyNote: "Codex hands on the variables that env_vars names.",
    note: "This program does not edit TOML, since it could not keep your comments."
  }
]

const known = (platform: string): "darwin" | "linux" | "win32" =>
  platform === "darwin" || platform === "win32" ? platform : "linux"

/** The path of a place on a machine. `./` stays, and means the present folder. */
export const pathOn = (place: Place, { appData, configHome, home: folder, platform }: Machine): string => {
  const system = known(platform)
  const { join } = system === "win32" ? win32 : posix
  const [first = "", ...parts] = place[system].split("/")
  switch (first) {
    case "~":
      return join(folder, ...parts)
    case "$CONFIG":
      return join(configHome ?? join(folder, ".config"), ...parts)
    case "$APPDATA":
      return join(appData ?? join(folder, "AppData", "Roaming"), ...parts)
    default:
      return join(first, ...parts)
  }
}

/** A place as people write it. */
export const placeText = (place: Place, system: "darwin" | "linux" | "win32"): string => {
  const path = place[system].replace("$CONFIG", "~/.config").replace("$APPDATA", "%APPDATA%")
  return system === "win32" ? path.replace("~", "%USERPROFILE%").replaceAll("/", "\\") : path
}

/** The entry of a server in a client's file; undefined if the file does not take such a server. */
export const fileEntry = (file: ClientFile, server: Server): Entry | undefined =>
  server._tag === "Local" ? file.local(server) : file.remote?.(server.url)
