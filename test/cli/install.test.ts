import { execFileSync } from "node:child_process"
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { createScanner, parseTree, printParseErrorCode, type Node, type ParseError } from "jsonc-parser"
import { parse as parseYaml } from "yaml"
import { change, remove } from "../../src/cli/clientFile.ts"
import { clients, serverName, type ClientFile, type Server } from "../../src/cli/clients.ts"
import { additionOf, instructions } from "../../src/cli/install.ts"
import { builtProgram } from "../support/builtProgram.ts"
import { run } from "../support/program.ts"

const files = clients.flatMap(({ file, id }) => (file === undefined ? [] : [{ id, file }]))

const local: Server = { _tag: "Local", command: "/usr/bin/node", args: ["/x/main.js"], needsKey: true }
const signedIn: Server = { ...local, needsKey: false, usesLogin: true, variables: { XDG_STATE_HOME: "/my state" } }
const hosted: Server = { _tag: "Remote", url: "https://mcp.example.com/mcp" }

const addition = (file: ClientFile, server: Server = local, key: Option.Option<string> = Option.none()) =>
  additionOf(file, server, Option.map(key, Redacted.make)) ?? { set: [], drop: [], elements: [] }
const elementsOf = ({ key }: ClientFile) => (key._tag === "input" ? [{ path: ["inputs"], value: key.input }] : [])

const add = (text: string, file: ClientFile, server?: Server) =>
  Either.getOrThrowWith(change(text, addition(file, server)), (why) => new Error(`${why}: ${text}`)).text
const takeOut = (text: string, file: ClientFile) =>
  Either.getOrThrowWith(
    remove(text, [file.container, serverName], elementsOf(file)),
    (why) => new Error(`${why}: ${text}`)
  ).text

/** A value with the order of its members, and names such as __proto__ like all others. */
type Ordered = unknown

const ordered = (node: Node): Ordered => {
  if (node.type === "object") {
    return [
      "object",
      ...(node.children ?? []).map(({ children: [name, value] = [] }) => [
        String(name?.value),
        value === undefined ? undefined : ordered(value)
      ])
    ]
  }
  return node.type === "array" ? ["array", ...(node.children ?? []).map(ordered)] : node.value
}

const read = (text: string): Ordered => {
  const errors: Array<ParseError> = []
  const root = parseTree(text.replace(/^\ufeff/u, ""), errors, { allowTrailingComma: true })
  assert.deepStrictEqual(
    errors.map(({ error }) => printParseErrorCode(error)),
    [],
    text
  )
  return root === undefined ? undefined : ordered(root)
}

/** The rest of the file: without our entry and what has to be there for it. */
const others = (value: Ordered, { container }: ClientFile): Ordered =>
  Array.isArray(value)
    ? value.flatMap((member: unknown) => {
        if (!Array.isArray(member)) return [member]
        const name: unknown = member[0]
        const inner: unknown = member[1]
        if (name === "inputs" && Array.isArray(inner)) {
          const rest = inner.filter((one: unknown) => !JSON.stringify(one).includes("sequentum-api-key"))
          return rest.length <= 1 ? [] : [[name, rest]]
        }
        if (name !== container || !Array.isArray(inner)) return [member]
        const rest = inner.filter((one: unknown) => !(Array.isArray(one) && one[0] === serverName))
        return rest.length <= 1 ? [] : [[name, rest]]
      })
    : value

const commentsIn = (text: string) => {
  const scanner = createScanner(text, false)
  const found: Array<string> = []
  for (let kind: number = scanner.scan(); kind !== 17; kind = scanner.scan()) {
    if (kind === 12 || kind === 13) {
      found.push(text.slice(scanner.getTokenOffset(), scanner.getTokenOffset() + scanner.getTokenLength()))
    }
  }
  return found
}

/** Whether a text is there in another one, with something added, but for blanks. */
const isWithin = (text: string, more: string) => {
  let at = 0
  for (const character of text.replaceAll(/\s/gu, "")) {
    at = more.indexOf(character, at) + 1
    if (at === 0) return false
  }
  return true
}

/** JSON text with comments, blanks and trailing commas anywhere. */
const trivia = FastCheck.constantFrom(
  "",
  "",
  "",
  " ",
  "\n",
  "\r\n  ",
  "\t",
  "/* note */",
  "// line\n",
  "/* { , */ ",
  "//,}\n"
)
const printed = (value: unknown, next: () => string, commas: boolean): string => {
  const items = (list: ReadonlyArray<string>) =>
    list.map((item) => `${next()}${item}${next()}`).join(",") + (commas && list.length > 0 ? `,${next()}` : "")
  if (Array.isArray(value)) return `[${next()}${items(value.map((one) => printed(one, next, commas)))}]`
  if (typeof value === "object" && value !== null) {
    return `{${next()}${items(
      Object.entries(value).map(
        ([name, one]) => `${JSON.stringify(name)}${next()}:${next()}${printed(one, next, commas)}`
      )
    )}}`
  }
  return JSON.stringify(value)
}

const server = FastCheck.record({
  command: FastCheck.string(),
  args: FastCheck.array(FastCheck.string(), { maxLength: 2 })
})
const documents = (container: string) =>
  FastCheck.tuple(
    FastCheck.dictionary(FastCheck.string({ maxLength: 6 }), FastCheck.jsonValue({ maxDepth: 2 }), { maxKeys: 4 }),
    FastCheck.option(FastCheck.dictionary(FastCheck.string({ minLength: 1, maxLength: 4 }), server, { maxKeys: 3 }), {
      nil: undefined
    }),
    FastCheck.boolean(),
    FastCheck.array(trivia, { minLength: 1, maxLength: 40 }),
    FastCheck.boolean(),
    FastCheck.boolean()
  ).map(([plain, servers, isFirst, blanks, commas, mark]) => {
    const rest = Object.entries(plain).filter(([name]) => name !== container && name !== "inputs")
    const own = servers === undefined ? [] : [[container, servers] as const]
    let at = 0
    const next = () => blanks[at++ % blanks.length] ?? ""
    const value = Object.fromEntries(isFirst ? [...own, ...rest] : [...rest, ...own])
    return `${mark ? "\ufeff" : ""}${next()}${printed(value, next, commas)}${next()}`
  })

describe.each(files)("the file of $id", ({ file }) => {
  it.prop("keeps everything else, and is the same after a second time", [documents(file.container)], ([text]) => {
    const once = add(text, file)
    assert.deepStrictEqual(others(read(once), file), others(read(text), file))
    assert.deepStrictEqual(commentsIn(once), commentsIn(text))
    assert.strictEqual(once.startsWith("\ufeff"), text.startsWith("\ufeff"))
    assert.isTrue(isWithin(text, once), once)
    assert.strictEqual(add(once, file), once)
  })

  it.prop("is what it was, once the server is taken out", [documents(file.container)], ([text]) => {
    const gone = takeOut(add(text, file), file)
    assert.deepStrictEqual(others(read(gone), file), others(read(text), file))
    assert.deepStrictEqual(commentsIn(gone), commentsIn(text))
    assert.notInclude(gone, '"/x/main.js"')
    assert.strictEqual(takeOut(gone, file), gone)
  })

  it("keeps what a person added to the entry, and the key", () => {
    const first = add("", file)
    assert.include(first, "\n")
    const own = first
      .replace(/"args"/u, '/* mine */ "disabled": true, "args"')
      .replace("<your API key>", "sk-mine")
      .replace("/x/main.js", "/old/main.js")
    const again = add(own, file)
    assert.include(again, '/* mine */ "disabled": true')
    assert.include(again, "/x/main.js")
    assert.notInclude(again, "<your API key>")
    if (file.remote === undefined) return
    const remote = add(again, file, hosted)
    assert.notInclude(remote, '"command"')
    assert.include(remote, "https://mcp.example.com/mcp")
    assert.include(remote, '/* mine */ "disabled": true')
  })

  it.each([
    ["no JSON", "{ nothing"],
    ["a list", "[]"],
    ["a server list that is none", `{"${file.container}": []}`],
    ["the server list twice", `{"${file.container}": {}, "${file.container}": {}}`],
    ["only a comment", "// nothing"]
  ])("is refused if it holds %s", (_, text) => {
    assert.isTrue(Either.isLeft(change(text, addition(file))), text)
  })
})

describe("a change", () => {
  it("looks like the rest of the file", () => {
    const text =
      '{\r\n\t// all my servers\r\n\t"mcpServers": {\r\n\t\t"other": { "command": "x" } // keep\r\n\t}\r\n}\r\n'
    const cursor = files.find(({ id }) => id === "cursor")
    const changed = cursor === undefined ? "" : add(text, cursor.file)
    assert.notMatch(changed, /[^\r]\n/u)
    assert.include(changed, '\r\n\t\t"sequentum": {\r\n\t\t\t"command": "/usr/bin/node",\r\n')
    assert.strictEqual(
      changed.replace("}, // keep", "} // keep").replace(/\r\n\t\t"sequentum": \{[\s\S]*?\r\n\t\t\}/u, ""),
      text
    )
  })
})

describe("what is added", () => {
  const cursor = files.find(({ id }) => id === "cursor")?.file ?? assert.fail()
  const entry = (indent: string) => ['"sequentum": {', '  "command": "x",', '  "args": []', "}"].join(`\n${indent}`)
  const server: Server = { _tag: "Local", command: "x", args: [], needsKey: false }
  it.each([
    ["a blank file", "", `{\n  "mcpServers": {\n    ${entry("    ")}\n  }\n}\n`],
    [
      "a comment at the end of a line",
      '{\n  "a": 1 // one\n}\n',
      `{\n  "a": 1, // one\n  "mcpServers": {\n    ${entry("    ")}\n  }\n}\n`
    ],
    ["one line", '{"a" :[1,  2]}', `{"a" :[1,  2],\n  "mcpServers": {\n    ${entry("    ")}\n  }\n}`],
    [
      "a trailing comma and a comment",
      '{\n  "mcpServers": {\n    "b":{ }, /* b */ // bb\n  },\n}',
      `{\n  "mcpServers": {\n    "b":{ }, /* b */ // bb\n    ${entry("    ")}\n  },\n}`
    ],
    [
      "only a comment",
      '{\n  "mcpServers": {\n    // none yet\n  }\n}',
      `{\n  "mcpServers": {\n    // none yet\n    ${entry("    ")}\n  }\n}`
    ]
  ])("leaves %s as it is", (_, text, wanted) => {
    assert.strictEqual(add(text, cursor, server), wanted)
  })
})

describe("what is taken out", () => {
  it("leaves no blank line, wherever it stood", () => {
    const text = '{\n  "a": 1,\n  "b": 2,\n  "c": 3\n}\n'
    for (const [name, left] of [
      ["a", '{\n  "b": 2,\n  "c": 3\n}\n'],
      ["b", '{\n  "a": 1,\n  "c": 3\n}\n'],
      ["c", '{\n  "a": 1,\n  "b": 2\n}\n']
    ] as const) {
      assert.strictEqual(Either.getOrThrow(remove(text, [name], [])).text, left)
    }
  })
})

const Any = Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.Unknown }))

describe("the instructions", () => {
  const machine = { platform: "linux", home: "/home/me", appData: undefined, configHome: undefined }
  const style = { bold: (text: string) => text }

  it("hold blocks that their clients can read", () => {
    for (const server of [local, signedIn, hosted]) {
      for (const client of clients) {
        const text = instructions(client, server, machine, style)
        assert.notInclude(text, "undefined", client.id)
        const json = /^ {2}\{\n[\s\S]*?^ {2}\}$/mu.exec(text)?.[0]
        if (client.file !== undefined && (server._tag === "Local" || client.file.remote !== undefined)) {
          assert.property(Schema.decodeSync(Any)(json ?? ""), client.file.container)
        }
        if (client.block?.language === "yaml") assert.property(parseYaml(client.block.text(server)), "extensions")
        if (server === signedIn) assert.notInclude(text, "SEQUENTUM_API_KEY", client.id)
        const link = client.link?.(server)
        if (link !== undefined) assert.isTrue(URL.canParse(link), link)
      }
    }
  })

  it("name the command that writes what they show", () => {
    const client = clients.find((one) => one.id === "cursor")
    if (client === undefined) return assert.fail("cursor")
    const choices = { remote: Option.none(), sandbox: false, login: false, readOnly: false, file: Option.none() }
    const shown = (server: Server, more: object) =>
      instructions(client, server, machine, style, { ...choices, ...more })
    assert.include(shown(local, {}), "sequentum-mcp install cursor --write")
    const remote = Option.some("https://mcp.example.com/mcp")
    assert.include(shown(hosted, { remote }), "install cursor --remote https://mcp.example.com/mcp --write")
    const file = shown(local, { sandbox: true, readOnly: true, file: Option.some("/my project/mcp.json") })
    assert.include(file, "In /my project/mcp.json")
    assert.include(shown(signedIn, { login: true }), "install cursor --login --write")
    assert.include(file, "install cursor --sandbox --read-only --file '/my project/mcp.json' --write")
  })

  it("say of Claude.ai and ChatGPT that they reach remote servers only", () => {
    for (const id of ["claude-ai", "chatgpt"]) {
      const client = clients.find((one) => one.id === id)
      if (client === undefined) return assert.fail(id)
      assert.include(instructions(client, local, machine, style), "remote servers only")
      assert.include(instructions(client, hosted, machine, style), "https://mcp.example.com/mcp")
    }
  })
})

/** Runs the program with a home folder of its own. */
const atHome = (
  use: (home: string, install: (...args: ReadonlyArray<string>) => ReturnType<typeof run>) => Effect.Effect<void>
) =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "install-"))),
    (home) =>
      use(home, (...args) => run(["install", ...args], { env: { HOME: home, SEQUENTUM_API_KEY: "sk-very-secret" } })),
    (home) => Effect.sync(() => rmSync(home, { recursive: true }))
  )

describe("sequentum-mcp install", () => {
  it.live("prints what to add and never the key, for each client", () =>
    atHome((_, install) =>
      Effect.gen(function* () {
        const list = yield* install()
        for (const { id } of clients) assert.include(list.stdout, `\n${id} `)
        for (const { id } of clients.filter((_, index) => index % 3 === 0)) {
          const { code, stderr, stdout } = yield* install(id)
          assert.strictEqual(code, 0, stderr)
          assert.notInclude(stdout, "sk-very-secret")
        }
        assert.match((yield* install("cusor")).stderr, /Did you mean cursor\?/u)
        assert.strictEqual((yield* install("codex", "--write")).code, 2)
      })
    )
  )

  it.live("writes a command that exists and answers, keeps the file before, and takes it out again", () =>
    atHome((home, install) =>
      Effect.gen(function* () {
        const file = join(home, "real.json")
        writeFileSync(file, '{\n  // mine\n  "mcpServers": {}\n}\n', { mode: 0o640 })
        symlinkSync(file, join(home, "link.json"))
        const dry = yield* install("cursor", "--dry-run", "--sandbox", "--file", join(home, "link.json"))
        assert.match(dry.stdout, /^Would change .*\n {2}set mcpServers\.sequentum\.command\n/u)
        assert.notInclude(readFileSync(file, "utf8"), "sequentum")
        const done = yield* install("cursor", "--write", "--sandbox", "--file", join(home, "link.json"))
        assert.strictEqual(done.code, 0, done.stderr)
        const text = readFileSync(file, "utf8")
        assert.include(text, "// mine")
        assert.strictEqual(statSync(file).mode & 0o777, 0o640)
        assert.strictEqual(readdirSync(home).filter((name) => name.endsWith(".bak")).length, 1)
        const Entry = Schema.parseJson(
          Schema.Struct({
            mcpServers: Schema.Struct({
              sequentum: Schema.Struct({ command: Schema.String, args: Schema.Array(Schema.String) })
            })
          })
        )
        const { mcpServers } = yield* Effect.orDie(Schema.decode(Entry)(text.replace("// mine", "")))
        const { args, command } = mcpServers.sequentum
        assert.deepStrictEqual(args, [builtProgram, "--sandbox", "--sandbox-speed", "60"])
        assert.match(execFileSync(command, [...args.slice(0, 1), "--version"], { encoding: "utf8" }), /^\d/u)
        const again = yield* install("cursor", "--write", "--sandbox", "--file", join(home, "link.json"))
        assert.match(again.stdout, /needs no change/u)
        yield* install("cursor", "--remove", "--file", file)
        assert.strictEqual(readFileSync(file, "utf8"), '{\n  // mine\n  "mcpServers": {}\n}\n')
      })
    )
  )

  it.live("leaves a file alone that it could not put back as it was", () =>
    atHome((home, install) =>
      Effect.gen(function* () {
        const path = (name: string) => join(home, name)
        writeFileSync(path("read-only"), "{}", { mode: 0o444 })
        writeFileSync(path("latin"), Buffer.from([0x7b, 0x22, 0xfc, 0x22, 0x3a, 0x31, 0x7d]))
        writeFileSync(path("broken"), "{ nothing")
        symlinkSync(path("nowhere"), path("link"))
        mkdirSync(path("folder"))
        for (const [name, why] of [
          ["read-only", " is read-only. Nothing was changed."],
          ["latin", " was not changed: it is not UTF-8 text. Edit it by hand."],
          ["broken", " was not changed: it is not JSON. Correct it, or edit it by hand."],
          ["link", " is a link to a file that is not there. Nothing was changed."],
          ["folder", " can't be read or written (EISDIR). Nothing was changed."]
        ] as const) {
          const before = name === "link" || name === "folder" ? "" : readFileSync(path(name), "latin1")
          const { code, stderr } = yield* install("cursor", "--write", "--file", path(name))
          assert.strictEqual(stderr, `${path(name)}${why}\n`)
          assert.strictEqual(code, 1)
          if (before !== "") assert.strictEqual(readFileSync(path(name), "latin1"), before)
        }
        assert.deepStrictEqual(
          readdirSync(home).filter((name) => /bak|tmp|nowhere/u.test(name)),
          []
        )
      })
    )
  )

  it.live("puts the key where a client has no other way, readable to its owner only, and prints it nowhere", () =>
    atHome((home, install) =>
      Effect.gen(function* () {
        const { stdout } = yield* install("zed", "--write")
        const file = join(home, ".config/zed/settings.json")
        assert.include(readFileSync(file, "utf8"), "sk-very-secret")
        assert.strictEqual(statSync(file).mode & 0o777, 0o600)
        assert.notInclude(stdout, "sk-very-secret")
        yield* install("vscode", "--write")
        const asked = readFileSync(join(home, ".config/Code/User/mcp.json"), "utf8")
        assert.notInclude(asked, "sk-very-secret")
        assert.include(asked, "${input:sequentum-api-key}")
        assert.include(asked, '"password": true')
      })
    )
  )
})
