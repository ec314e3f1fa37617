import { access, copyFile, lstat, mkdir, readFile, realpath, rename, stat, writeFile } from "node:fs/promises"
import { homedir } from "node:os"
import { delimiter, dirname, join, resolve } from "node:path"
import * as Config from "effect/Config"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { loadSettings, settings, type Overrides, type Settings } from "../config.ts"
import { sessionVariableNames, sessionVariables } from "../login/SessionFile.ts"
import { Stop } from "../serve/runMain.ts"
import { change, remove, type Change, type Wanted } from "./clientFile.ts"
import {
  clients,
  fileEntry,
  keyPlaceholder,
  keyVariable,
  pathOn,
  serverName,
  shellWord,
  type Client,
  type ClientFile,
  type Machine,
  type Server
} from "./clients.ts"
import { ensureSignedIn } from "./login.ts"
import { didYouMean } from "./nearest.ts"
import { indent, out, screenWidth, stdoutStyle, wrap, type Style } from "./print.ts"
import { table } from "./table.ts"

const usage = (problem: string) => new Stop({ lines: [problem], problem: "usage" })

const environment = (name: string) =>
  Effect.map(Effect.orElseSucceed(Config.option(Config.string(name)), Option.none), (value) =>
    Option.getOrUndefined(Option.filter(value, (text) => text !== ""))
  )

const thisMachine: Effect.Effect<Machine> = Effect.all({
  platform: Effect.succeed(process.platform),
  home: Effect.sync(homedir),
  appData: environment("APPDATA"),
  configHome: environment("XDG_CONFIG_HOME")
})

const exists = (path: string) => Effect.map(Effect.option(Effect.tryPromise(() => access(path))), Option.isSome)

/** This program's file. */
const thisProgram = Effect.map(
  Effect.option(Effect.tryPromise(() => realpath(process.argv[1] ?? ""))),
  Option.getOrElse(() => resolve(process.argv[1] ?? ""))
)

const commandName = "sequentum-mcp"

/** Whether the name alone starts this very program. */
const isOnPath = Effect.gen(function* () {
  const own = yield* thisProgram
  const folders = ((yield* environment("PATH")) ?? "").split(delimiter).filter((folder) => folder !== "")
  const found = yield* Effect.forEach(folders, (folder) =>
    Effect.option(Effect.tryPromise(() => realpath(join(folder, commandName))))
  )
  return Option.getOrUndefined(Option.firstSomeOf(found)) === own
})

/** Which server is added, and to which file. */
interface Choices {
  readonly remote: Option.Option<string>
  readonly sandbox: boolean
  /** The entry relies on a sign-in in place of a key. */
  readonly login: boolean
  readonly readOnly: boolean
  readonly file: Option.Option<string>
}

export interface InstallOptions extends Choices {
  readonly write: boolean
  readonly remove: boolean
  readonly dryRun: boolean
}

/**
 * The variables that the server needs in the client's entry, since a client does not start it with those of a shell:
 * another Sequentum host, and where the sign-in is kept.
 */
const variablesFor = ({ apiUrl }: Settings, login: boolean) =>
  Effect.gen(function* () {
    const variables = {
      ...(apiUrl.href === new URL(settings.apiUrl.defaultText).href ? {} : { [settings.apiUrl.env]: apiUrl.origin }),
      ...(login ? yield* sessionVariables : {})
    }
    return Object.keys(variables).length === 0 ? {} : { variables }
  })

/** The server as this machine can start it, or the remote one. */
const serverFor = (client: Client, { login, readOnly, remote, sandbox }: InstallOptions, own: Settings) =>
  Effect.gen(function* () {
    if (Option.isSome(remote)) {
      const url = remote.value
      if (!/^https?:\/\//u.test(url) || !URL.canParse(url)) {
        return yield* usage("--remote must be the address of an MCP endpoint, such as https://mcp.example.com/mcp.")
      }
      return { _tag: "Remote", url } satisfies Server
    }
    const flags = [...(sandbox ? ["--sandbox", "--sandbox-speed", "60"] : []), ...(readOnly ? ["--read-only"] : [])]
    const byName = !client.hasWindow && (yield* isOnPath)
    return {
      _tag: "Local",
      command: byName ? commandName : process.execPath,
      args: byName ? flags : [yield* thisProgram, ...flags],
      needsKey: !sandbox && !login,
      usesLogin: login,
      ...(sandbox ? {} : yield* variablesFor(own, login))
    } satisfies Server
  })

const findClient = (id: string) => {
  const client = clients.find((one) => one.id === id)
  const ids = clients.map((one) => one.id)
  return client === undefined
    ? usage(
        `Unknown client: ${JSON.stringify(id.slice(0, 60))}.${didYouMean(id, ids)} The clients are ${ids.join(", ")}.`
      )
    : Effect.succeed(client)
}

/** A key that a person or a client put there, and no placeholder. */
const isRealKey = (value: unknown) => Predicate.isString(value) && value !== "" && value !== keyPlaceholder

const localMembers = ["type", "command", "args", "env"]
const remoteMembers = ["type", "url", "serverUrl", "httpUrl"]

/** Variables that keep the server from the sign-in: a key would come first, and the others lead elsewhere. */
const againstLogin = [keyVariable, settings.apiUrl.env, ...sessionVariableNames]

const usesLogin = (server: Server) => server._tag === "Local" && server.usesLogin === true

/** The change that puts the server into the file. What a person added to the entry stays. */
export const additionOf = (
  file: ClientFile,
  server: Server,
  key: Option.Option<Redacted.Redacted>
): Change | undefined => {
  const entry = fileEntry(file, server)
  if (entry === undefined) return undefined
  const at = [file.container, serverName]
  const { env = {}, ...plain } = entry
  const variables = Predicate.isReadonlyRecord(env) ? env : {}
  const ownKey = file.key._tag === "file" ? Option.getOrUndefined(Option.map(key, Redacted.value)) : undefined
  const set: ReadonlyArray<Wanted> = [
    ...Object.entries(plain).map(([name, value]): Wanted => ({ path: [...at, name], value })),
    ...Object.entries(variables).map(([name, value]): Wanted => {
      const path = [...at, "env", name]
      return name === keyVariable
        ? { path, value: ownKey ?? value, keeps: (present) => ownKey === undefined && isRealKey(present) }
        : { path, value }
    })
  ]
  const others = server._tag === "Local" ? remoteMembers : localMembers
  return {
    set,
    drop: [
      ...others.filter((name) => !Object.hasOwn(entry, name)).map((name) => [...at, name]),
      ...(usesLogin(server) ? againstLogin.filter((name) => !Object.hasOwn(variables, name)) : []).map((name) => [
        ...at,
        "env",
        name
      ])
    ],
    elements:
      file.key._tag === "input" && server._tag === "Local" && server.needsKey
        ? [{ path: ["inputs"], value: file.key.input }]
        : []
  }
}

const fileProblem = (path: string) => (cause: unknown) => {
  const code = Predicate.hasProperty(cause, "code") && Predicate.isString(cause.code) ? ` (${cause.code})` : ""
  return new Stop({ lines: [`${path} can't be read or written${code}. Nothing was changed.`] })
}

/** Why a file should not be replaced, as a sentence. */
const refusal = async (path: string) => {
  const link = await lstat(path).catch(() => undefined)
  if (link === undefined) return undefined
  const target = await stat(path).catch(() => undefined)
  if (target === undefined) return `${path} is a link to a file that is not there. Nothing was changed.`
  return (target.mode & 0o222) === 0 ? `${path} is read-only. Nothing was changed.` : undefined
}

const onFile = <A>(path: string, use: () => Promise<A>) => Effect.tryPromise({ try: use, catch: fileProblem(path) })

/** Replaces a file in one step, and keeps the one before beside it. Returns the path of that one, if there was a file. */
const replaceFile = (path: string, text: string, holdsKey: boolean) =>
  Effect.gen(function* () {
    const why = yield* Effect.promise(() => refusal(path))
    if (why !== undefined) return yield* new Stop({ lines: [why] })
    const target = (yield* exists(path)) ? yield* onFile(path, () => realpath(path)) : path
    const isThere = yield* exists(target)
    const stamp = DateTime.formatIso(yield* DateTime.now).replaceAll(":", "-")
    const backup = `${target}.${stamp}.bak`
    return yield* onFile(path, async () => {
      await mkdir(dirname(target), { recursive: true })
      const mode = isThere ? (await stat(target)).mode & 0o777 : 0o600
      if (isThere) await copyFile(target, backup)
      const temporary = `${target}.${process.pid}.tmp`
      await writeFile(temporary, text, { mode: holdsKey ? mode & 0o600 : mode, flag: "wx" })
      await rename(temporary, target)
      return isThere ? Option.some(backup) : Option.none()
    })
  })

/** The text of a file, blank if there is none. Other bytes than UTF-8 would not survive. */
const readText = (path: string) =>
  Effect.gen(function* () {
    if (!(yield* exists(path))) return ""
    const bytes = yield* onFile(path, () => readFile(path))
    return yield* Effect.try({
      try: () => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes),
      catch: () => new Stop({ lines: [`${path} was not changed: it is not UTF-8 text. Edit it by hand.`] })
    })
  })

const changeFile = (client: Client, file: ClientFile, server: Server, options: InstallOptions, { apiKey }: Settings) =>
  Effect.gen(function* () {
    const machine = yield* thisMachine
    const path = Option.getOrElse(options.file, () => pathOn(file.place, machine))
    const text = yield* readText(path)
    const addition = additionOf(file, server, apiKey)
    if (addition === undefined) {
      return yield* usage(`${client.name} takes remote servers by hand only. ${client.remoteSteps ?? ""}`.trim())
    }
    const elements = file.key._tag === "input" ? [{ path: ["inputs"], value: file.key.input }] : []
    const edited = yield* Either.match(
      options.remove ? remove(text, [file.container, serverName], elements) : change(text, addition),
      {
        onLeft: (why) => new Stop({ lines: [`${path} was not changed: ${why}. Correct it, or edit it by hand.`] }),
        onRight: (changed) => Effect.succeed(changed)
      }
    )
    if (edited.paths.length === 0) return yield* out(`${path} needs no change.`)
    const what = edited.paths.map((name) => `  ${options.remove ? "remove" : "set"} ${name}`).join("\n")
    if (options.dryRun) return yield* out(`Would change ${path}:\n${what}`)
    const holdsKey = Option.exists(apiKey, (key) => edited.text.includes(Redacted.value(key)))
    const backup = yield* replaceFile(path, edited.text, holdsKey)
    yield* out(
      [
        `Changed ${path}:`,
        what,
        ...Option.match(backup, { onNone: () => [], onSome: (old) => [`The file before: ${old}`] }),
        ...(options.remove ? [] : [nextStep(client, file, server, holdsKey)])
      ].join("\n")
    )
  })

/** What a person does next. */
const nextStep = (client: Client, { key }: ClientFile, server: Server, holdsKey: boolean) => {
  const restart = `Then restart ${client.name}.`
  if (server._tag === "Remote") return `${client.name} asks you to sign in. ${restart}`
  if (server.usesLogin === true) return `The server uses your sign-in, without a key. ${restart}`
  if (!server.needsKey) return restart
  switch (key._tag) {
    case "input":
      return `${client.name} asks for the key when the server starts, and keeps it. ${restart}`
    case "variable":
      return `Set ${keyVariable} in the environment that ${client.name} starts in. ${restart}`
    case "file":
      return holdsKey
        ? `The key from ${keyVariable} is in this file now, which only you can read. ${restart}`
        : `Put your key in place of ${JSON.stringify(keyPlaceholder)}. ${restart}`
  }
}

/** The block for a client's JSON file; undefined if the file does not take such a server. */
export const shownEntry = (file: ClientFile, server: Server) => {
  const entry = fileEntry(file, server)
  const { key } = file
  const inputs = key._tag === "input" && server._tag === "Local" && server.needsKey ? { inputs: [key.input] } : {}
  return entry === undefined
    ? undefined
    : JSON.stringify(
        {
          ...inputs,
          [file.container]: { [serverName]: entry }
        },
        null,
        2
      )
}

const flagsOf = ({ file, login, readOnly, remote, sandbox }: Choices) => [
  ...Option.match(remote, { onNone: () => [], onSome: (url) => ["--remote", shellWord(url)] }),
  ...(sandbox ? ["--sandbox"] : []),
  ...(login ? ["--login"] : []),
  ...(readOnly ? ["--read-only"] : []),
  ...Option.match(file, { onNone: () => [], onSome: (path) => ["--file", shellWord(path)] })
]

/** What `install <client>` prints: every way to add the server. Holds no key. */
export const instructions = (
  client: Client,
  server: Server,
  machine: Machine,
  { bold }: Pick<Style, "bold">,
  options: Choices = { remote: Option.none(), sandbox: false, login: false, readOnly: false, file: Option.none() }
) => {
  const { block, command, file, keyNote, link, note, remoteSteps } = client
  const notes = [...(server._tag === "Local" && server.needsKey ? [keyNote] : []), note].filter(
    Predicate.isNotUndefined
  )
  const text = file === undefined ? undefined : shownEntry(file, server)
  const line = command?.(server)
  const address = link?.(server)
  const section = (title: string, lines: string) => ["", bold(title), indent(lines)]
  const isRemoteOnly = file === undefined && block === undefined
  return [
    bold(client.name),
    ...(file !== undefined && text !== undefined
      ? section(`In ${Option.getOrElse(options.file, () => pathOn(file.place, machine))}`, text)
      : []),
    ...(block === undefined ? [] : section(`In ${pathOn(block.place, machine)}`, block.text(server))),
    ...(line === undefined ? [] : section("Or by its own command", line)),
    ...(address === undefined ? [] : section("Or by a link", address)),
    ...(remoteSteps !== undefined && (server._tag === "Remote" || isRemoteOnly)
      ? section("By hand", server._tag === "Remote" ? `${remoteSteps}\n${server.url}` : remoteSteps)
      : []),
    ...(isRemoteOnly && server._tag === "Local"
      ? ["", "It reaches remote servers only: give the address of a hosted one with --remote <url>."]
      : []),
    ...(notes.length === 0 ? [] : ["", ...wrap(notes.join(" "), 100)]),
    ...(file !== undefined && text !== undefined
      ? [
          "",
          `To let this program do it: ${["sequentum-mcp install", client.id, ...flagsOf(options), "--write"].join(" ")}`
        ]
      : [])
  ].join("\n")
}

const listClients = Effect.gen(function* () {
  const machine = yield* thisMachine
  const rows = yield* Effect.forEach(clients, (client) =>
    Effect.gen(function* () {
      const place = client.file?.place ?? client.block?.place
      const path = place === undefined ? undefined : pathOn(place, machine)
      const isThere = path !== undefined && (yield* exists(path))
      return {
        client: client.id,
        name: client.name,
        file: path ?? "none: remote servers only",
        found: isThere ? "yes" : ""
      }
    })
  )
  yield* out(
    `${table(rows, screenWidth(), yield* stdoutStyle)}\n\nNext: sequentum-mcp install <client>, which prints what to add. With --write it does it.`
  )
})

/** The first thing about the flags that can't be. */
const flagProblem = (id: Option.Option<string>, options: InstallOptions) => {
  const { dryRun, login, remote, remove, sandbox, write } = options
  if (Option.isNone(id) && (write || remove || dryRun || login)) return "Name a client, such as cursor."
  if (login && sandbox) return "A sandbox needs no sign-in: leave out --login or --sandbox."
  if (login && Option.isSome(remote)) return "For a hosted endpoint the client signs you in: leave out --login."
  if (login && remove) return "--remove needs no sign-in: leave out --login."
  return undefined
}

/** Prints how to add this server to a client, or changes the client's file. Fails with Stop or InvalidSettings. */
export const install = (id: Option.Option<string>, options: InstallOptions, overrides: Overrides) =>
  Effect.gen(function* () {
    const changes = options.write || options.remove || options.dryRun
    const problem = flagProblem(id, options)
    if (problem !== undefined) return yield* usage(problem)
    if (Option.isNone(id)) return yield* listClients
    const client = yield* findClient(id.value)
    const own = yield* loadSettings(overrides)
    const server = yield* serverFor(client, options, own)
    if (changes && client.file === undefined) {
      const why =
        client.block === undefined ? "has no file" : `keeps its servers in ${client.block.language.toUpperCase()}`
      return yield* usage(
        `${client.name} ${why}, so this program can't add the server. See sequentum-mcp install ${client.id}.`
      )
    }
    if (options.login && client.file === undefined && client.block === undefined) {
      return yield* usage(`${client.name} reaches remote servers only, and signs you in by itself: leave out --login.`)
    }
    if (options.login && !options.dryRun) yield* ensureSignedIn(own)
    yield* changes && client.file !== undefined
      ? changeFile(client, client.file, server, options, own)
      : out(instructions(client, server, yield* thisMachine, yield* stdoutStyle, options))
  })
