import { assert, describe, it, vi } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import {
  commaList,
  isLoopback,
  loadSettings,
  parseBoolean,
  settings,
  withoutEffect,
  type Settings
} from "../src/config.ts"

/** The settings for these variables only, whatever the environment of the tests holds. */
const read = (variables: Readonly<Record<string, string>>) => {
  const blank = Object.values(settings).map(({ env }) => [env, ""] as const)
  return loadSettings(new Map([...blank, ...Object.entries(variables)]))
}

/** A setting's value in a form that can be compared and printed. */
const comparable = (value: unknown): unknown => {
  if (Option.isOption(value)) return Option.match(value, { onNone: () => null, onSome: comparable })
  if (Redacted.isRedacted(value)) return `redacted ${String(comparable(Redacted.value(value)))}`
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex")
  if (Duration.isDuration(value)) return `${Duration.toSeconds(value)} s`
  return value instanceof URL ? value.href : value
}

const problemsOf = (variables: Readonly<Record<string, string>>) =>
  Effect.map(Effect.flip(read(variables)), ({ problems }) => problems)

const defaults: { readonly [Name in keyof Settings]: unknown } = {
  apiKey: null,
  apiUrl: "https://dashboard.sequentum.com/",
  clientDocument: null,
  requestTimeout: "30 s",
  httpsProxy: null,
  httpProxy: null,
  noProxy: [],
  allowedDownloadHosts: [],
  maxResultBytes: 40_000,
  debug: false,
  transport: "stdio",
  host: "127.0.0.1",
  port: 3000,
  publicUrl: null,
  requireAuth: true,
  tokenCheck: "auto",
  allowUnauthenticated: false,
  trustProxy: false,
  allowedOrigins: [],
  allowedHosts: [],
  stateKey: null,
  maxInFlight: 500,
  sessions: null,
  maxSessions: null,
  sessionIdle: null,
  drain: "10 s",
  rateLimit: 100,
  metricsPort: null,
  otlpEndpoint: null,
  toolsets: null,
  tools: null,
  excludeTools: null,
  readOnly: false,
  confirm: "auto",
  confirmSkip: [],
  maxStartsPerMinute: 30
}

type Valid = readonly [value: string, meaning: unknown]

interface Case {
  readonly valid: ReadonlyArray<Valid>
  readonly invalid: ReadonlyArray<string>
}

const booleans: Case = {
  valid: [
    ...["1", "true", "TRUE", "yes", "on", " true "].map((value): Valid => [value, true]),
    ...["0", "false", "False", "no", "off"].map((value): Valid => [value, false])
  ],
  invalid: ["2", "maybe", "truee", "true,false"]
}

/** Accepted whatever they are. */
const ignored: Case = { valid: ["on", "off", "0", "-1", "a lot"].map((value): Valid => [value, value]), invalid: [] }

const lists: Case = {
  valid: [
    ["agents", ["agents"]],
    [" agents , runs ,", ["agents", "runs"]]
  ],
  invalid: [",", " , ,"]
}

const durations: Case = {
  valid: [
    ["90", "90 s"],
    ["90 seconds", "90 s"],
    ["1 second", "1 s"],
    ["30m", "1800 s"],
    ["30 minutes", "1800 s"],
    ["1 hour", "3600 s"],
    ["2h", "7200 s"]
  ],
  invalid: ["0", "0 hours", "1 day", "-1 hour", "1.5 hours", "soon", "hour", "1 hour ago"]
}

const wholeNumbers = ["-1", "1.5", "1e3", "0x10", "many", "1 000", "Infinity", "NaN", "+5"]

const urls = {
  valid: [
    ["https://mcp.test", "https://mcp.test/"],
    ["http://localhost:4318", "http://localhost:4318/"]
  ],
  invalid: [
    "mcp.test",
    "ftp://mcp.test",
    "https://me@mcp.test",
    "https://:pass@mcp.test",
    "https://a.test/?b",
    "https://a.test/#b"
  ]
} satisfies Case

const proxies: Case = {
  valid: [
    ["http://proxy.test:3128", "redacted http://proxy.test:3128/"],
    ["https://me:pass@proxy.test", "redacted https://me:pass@proxy.test/"],
    ["proxy.test:3128", "redacted http://proxy.test:3128/"],
    ["127.0.0.1:3128", "redacted http://127.0.0.1:3128/"],
    ["[::1]:3128", "redacted http://[::1]:3128/"]
  ],
  invalid: ["socks5://proxy.test:1080", "ftp://proxy.test", "http://", "a b", "http://proxy.test:99999"]
}

const cases: { readonly [Name in keyof Settings]: Case } = {
  httpsProxy: proxies,
  httpProxy: proxies,
  noProxy: {
    valid: [
      ["localhost,.corp.test", ["localhost", ".corp.test"]],
      [" a.test  10.0.0.0/8,\tb.test:8443 ", ["a.test", "10.0.0.0/8", "b.test:8443"]],
      ["*", ["*"]],
      [",", []]
    ],
    invalid: []
  },
  allowedDownloadHosts: {
    valid: [
      ["Files.example.com, 10.0.0.5", ["files.example.com", "10.0.0.5"]],
      ["[FD00::1]", ["[fd00::1]"]],
      [",", []]
    ],
    invalid: ["https://files.example.com", "files.example.com:9000", "files/", "a b", "me@files.example.com"]
  },
  apiKey: {
    valid: [
      ["sk-123", "redacted sk-123"],
      ["  sk-123\n", "redacted sk-123"],
      ["any~thing!", "redacted any~thing!"],
      ["a\"b'c$d", "redacted a\"b'c$d"]
    ],
    invalid: [
      '"sk-123"',
      "'sk-123'",
      "`sk-123`",
      'sk-123"',
      "\u201csk-123\u201d",
      "${SEQUENTUM_API_KEY}",
      "${env:SEQUENTUM_API_KEY}",
      "${input:key}",
      "$SEQUENTUM_API_KEY",
      "$(cat key)",
      "%SEQUENTUM_API_KEY%",
      "{{key}}",
      "<your key>",
      "sk 123",
      "sk-\u00e4",
      "sk\t1",
      "sk-1\nsk-2",
      "sk-\u0000"
    ]
  },
  apiUrl: {
    valid: [
      ["https://sequentum.test", "https://sequentum.test/"],
      ["https://sequentum.test/api/v1/", "https://sequentum.test/api/v1/"],
      ["https://sequentum.test:8443/x", "https://sequentum.test:8443/x"],
      ["http://localhost:4100", "http://localhost:4100/"],
      ["http://127.0.0.1:4100", "http://127.0.0.1:4100/"],
      ["http://[::1]:4100", "http://[::1]:4100/"]
    ],
    invalid: [
      "sequentum.test",
      "http://sequentum.test",
      "http://localhost.evil.test",
      "http://127.0.0.1.evil.test",
      "ftp://sequentum.test",
      "file:///etc/passwd",
      "https://user@sequentum.test",
      "https://:pass@sequentum.test",
      "https://sequentum.test?a=1",
      "https://sequentum.test#a",
      "https://"
    ]
  },
  clientDocument: {
    valid: [["https://app.test/client.json", "https://app.test/client.json"]],
    invalid: [
      "http://app.test/client.json",
      "https://app.test",
      "https://app.test/",
      "https://me@app.test/client.json",
      "https://app.test/client.json#x",
      "https://app.test/a/../client.json",
      "client.json"
    ]
  },
  requestTimeout: {
    valid: [
      ["1", "1 s"],
      ["600", "600 s"]
    ],
    invalid: ["0", "601", "30s", ...wholeNumbers]
  },
  maxResultBytes: {
    valid: [
      ["1000", 1000],
      ["10000000", 10_000_000]
    ],
    invalid: ["999", "10000001", ...wholeNumbers]
  },
  debug: {
    valid: [
      ["1", true],
      ["true", true],
      ["0", false],
      ["express:*", false],
      ["2", false]
    ],
    invalid: []
  },
  transport: {
    valid: [
      ["stdio", "stdio"],
      ["http", "http"],
      ["HTTP", "http"]
    ],
    invalid: ["sse", "stdio,http"]
  },
  host: {
    valid: [
      ["0.0.0.0", "0.0.0.0"],
      [" ::1 ", "::1"]
    ],
    invalid: []
  },
  port: {
    valid: [
      ["0", 0],
      ["65535", 65_535]
    ],
    invalid: ["65536", ...wholeNumbers]
  },
  publicUrl: urls,
  requireAuth: booleans,
  tokenCheck: {
    valid: [
      ["auto", "auto"],
      ["OFF", "off"]
    ],
    invalid: ["true", "always"]
  },
  allowUnauthenticated: booleans,
  trustProxy: booleans,
  allowedOrigins: {
    valid: [
      ["https://app.example.com", ["https://app.example.com"]],
      ["https://a.test, http://localhost:5173,", ["https://a.test", "http://localhost:5173"]]
    ],
    invalid: ["app.test", "https://a.test/", "https://a.test/path", "*", "null", "https://a.test b", "ftp://a.test"]
  },
  allowedHosts: {
    valid: [
      ["mcp.test", ["mcp.test"]],
      ["MCP.example.com:8443, [::1]:3000,127.0.0.1", ["mcp.example.com:8443", "[::1]:3000", "127.0.0.1"]]
    ],
    invalid: ["https://a.test", "*", "a.test/path", "a b", "a.test:port", "::1"]
  },
  stateKey: {
    valid: [
      [
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "redacted 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
      ],
      [`_-${"A".repeat(41)}`, `redacted ffe0${"0".repeat(60)}`]
    ],
    invalid: ["secret", "A".repeat(42), `${"A".repeat(44)}=`, `${"!".repeat(43)}=`, "0".repeat(64)]
  },
  maxInFlight: {
    valid: [
      ["1", 1],
      ["1000000", 1_000_000]
    ],
    invalid: ["0", "1000001", ...wholeNumbers]
  },
  sessions: ignored,
  maxSessions: ignored,
  sessionIdle: ignored,
  drain: durations,
  rateLimit: {
    valid: [
      ["0", 0],
      ["1000000", 1_000_000]
    ],
    invalid: ["1000001", ...wholeNumbers]
  },
  metricsPort: {
    valid: [
      ["0", 0],
      ["9464", 9464]
    ],
    invalid: ["65536", ...wholeNumbers]
  },
  otlpEndpoint: urls,
  toolsets: lists,
  tools: lists,
  excludeTools: lists,
  readOnly: booleans,
  confirm: {
    valid: [
      ["auto", "auto"],
      ["ALWAYS", "always"],
      ["never", "never"]
    ],
    invalid: ["yes", "1", "sometimes"]
  },
  confirmSkip: { valid: [["delete_run, kill_agent", ["delete_run", "kill_agent"]]], invalid: [","] },
  maxStartsPerMinute: {
    valid: [
      ["0", 0],
      ["500", 500]
    ],
    invalid: ["-1", "1.5", "many", "100001"]
  }
}

const isName = (name: string): name is keyof Settings => Object.hasOwn(settings, name)
const names = Object.keys(settings).filter(isName)

describe("settings", () => {
  it.effect("have defaults", () =>
    Effect.gen(function* () {
      const loaded = yield* read({})
      assert.deepStrictEqual(Object.fromEntries(names.map((name) => [name, comparable(loaded[name])])), { ...defaults })
    })
  )

  it.effect("have the defaults that are documented, where the default is a value", () =>
    Effect.gen(function* () {
      const documented = names.filter((name) => defaults[name] !== null && !Array.isArray(defaults[name]))
      const loaded = yield* read(
        Object.fromEntries(documented.map((name) => [settings[name].env, settings[name].defaultText]))
      )
      for (const name of documented) assert.deepStrictEqual(comparable(loaded[name]), defaults[name], name)
    })
  )

  it("are each read from a variable of its own", () => {
    assert.sameMembers(names, Object.keys(cases))
    assert.strictEqual(new Set(names.map((name) => settings[name].env)).size, names.length)
  })
})

for (const name of names) {
  const { env } = settings[name]
  describe(env, () => {
    for (const [value, meaning] of cases[name].valid) {
      it.effect(`${JSON.stringify(value)} is ${JSON.stringify(meaning)}`, () =>
        Effect.gen(function* () {
          assert.deepStrictEqual(comparable((yield* read({ [env]: value }))[name]), meaning)
        })
      )
    }

    for (const value of cases[name].invalid) {
      it.effect(`${JSON.stringify(value)} is refused, in a sentence that does not repeat it`, () =>
        Effect.gen(function* () {
          const problems = yield* problemsOf({ [env]: value })
          assert.strictEqual(problems.length, 1)
          assert.match(problems[0] ?? "", new RegExp(`^${env} must .+\\.$`, "u"))
          if (value.length > 8) assert.notInclude(problems[0] ?? "", value)
        })
      )
    }

    it.effect("blank counts as not set", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(comparable((yield* read({ [env]: " \t" }))[name]), defaults[name])
      })
    )
  })
}

describe("problems", () => {
  it.effect("are reported all at once, one sentence for each setting", () =>
    Effect.gen(function* () {
      const variables = names.flatMap((name) => {
        const [invalid] = cases[name].invalid
        return invalid === undefined ? [] : [[settings[name].env, invalid] as const]
      })
      const problems = yield* problemsOf(Object.fromEntries(variables))
      assert.deepStrictEqual(
        problems.map((problem) => problem.split(" ")[0]).sort(),
        variables.map(([env]) => env).sort()
      )
    })
  )

  it.effect.prop(
    "never contain the key, valid or not",
    [FastCheck.string({ minLength: 8, maxLength: 40 }), FastCheck.constantFrom("", " ", "\n", "ä")],
    ([start, middle]) =>
      Effect.gen(function* () {
        const key = `sk-${start.trim()}${middle}secret`
        const failure = yield* Effect.flip(read({ SEQUENTUM_API_KEY: key, PORT: "none" }))
        assert.notInclude(JSON.stringify(failure), key)
        assert.notInclude(String(failure), key)
        assert.notInclude(failure.problems.join("\n"), "secret")
      })
  )

  it.effect("do not show a valid key when settings are printed", () =>
    Effect.gen(function* () {
      const loaded = yield* read({ SEQUENTUM_API_KEY: "sk-123456" })
      assert.notInclude(JSON.stringify(loaded), "sk-123456")
      assert.notInclude(String(loaded.apiKey), "sk-123456")
    })
  )
})

describe("settings of earlier versions", () => {
  it.effect("have no effect, and are named", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(withoutEffect(yield* read({})), [])
      const some = yield* read({ SESSION_IDLE: "1 minute", SESSIONS: "off", MAX_SESSIONS: "many" })
      assert.deepStrictEqual(withoutEffect(some), ["SESSIONS", "MAX_SESSIONS", "SESSION_IDLE"])
    })
  )
})

describe("the environment", () => {
  it.effect("overrides the defaults, and flags override the environment", () =>
    Effect.gen(function* () {
      vi.stubEnv("PORT", "5000")
      vi.stubEnv("MAX_IN_FLIGHT", "5")
      const loaded = yield* loadSettings(new Map([["PORT", "4000"]]))
      assert.strictEqual(loaded.port, 4000)
      assert.strictEqual(loaded.maxInFlight, 5)
    }).pipe(Effect.ensuring(Effect.sync(() => vi.unstubAllEnvs())))
  )
})

describe("what others parse in the same way", () => {
  it("is a boolean, in any case", () => {
    for (const word of ["1", "true", "Yes", " ON "]) assert.deepStrictEqual(parseBoolean(word), Either.right(true))
    for (const word of ["0", "FALSE", "no", "off"]) assert.deepStrictEqual(parseBoolean(word), Either.right(false))
    for (const word of ["", "2", "truth"])
      assert.deepStrictEqual(parseBoolean(word), Either.left("must be true or false"))
  })

  it("is a list separated by commas, without blank items", () => {
    assert.deepStrictEqual(commaList(" a, b c ,,d,"), ["a", "b c", "d"])
    assert.deepStrictEqual(commaList(" , "), [])
  })

  it("is a loopback host, as it stands in a URL or an address", () => {
    for (const host of ["localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"]) assert.isTrue(isLoopback(host), host)
    for (const host of ["", "0.0.0.0", "::", "[::1", "127.0.0.1.evil.test", "localhost.evil.test", "128.0.0.1"]) {
      assert.isFalse(isLoopback(host), host)
    }
  })
})
