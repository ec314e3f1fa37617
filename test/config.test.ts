import { assert, describe, it, vi } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { loadSettings, settings, type Settings } from "../src/config.ts"

/** The settings that variables amount to, whatever the environment of the tests holds. */
const read = (variables: Readonly<Record<string, string>>) => {
  const blank = Object.values(settings).map(({ env }) => [env, ""] as const)
  return loadSettings(new Map([...blank, ...Object.entries(variables)]))
}

/** A setting's value as something that can be compared and printed. */
const plain = (value: unknown): unknown => {
  if (Option.isOption(value)) return Option.match(value, { onNone: () => null, onSome: plain })
  if (Redacted.isRedacted(value)) return `redacted ${String(Redacted.value(value))}`
  if (Duration.isDuration(value)) return `${Duration.toSeconds(value)} s`
  return value instanceof URL ? value.href : value
}

const problemsOf = (variables: Readonly<Record<string, string>>) =>
  Effect.map(Effect.flip(read(variables)), ({ problems }) => problems)

const defaults: { readonly [Name in keyof Settings]: unknown } = {
  apiKey: null,
  apiUrl: "https://dashboard.sequentum.com/",
  requestTimeout: "30 s",
  maxResultBytes: 40_000,
  debug: false,
  transport: "stdio",
  host: "127.0.0.1",
  port: 3000,
  publicUrl: null,
  requireAuth: true,
  trustProxy: false,
  allowedOrigins: [],
  allowedHosts: [],
  sessions: "on",
  maxSessions: 1000,
  sessionIdle: "3600 s",
  rateLimit: 100,
  otlpEndpoint: null,
  toolsets: null,
  tools: null,
  excludeTools: null,
  readOnly: false
}

type Good = readonly [value: string, meaning: unknown]

interface Case {
  readonly good: ReadonlyArray<Good>
  readonly bad: ReadonlyArray<string>
}

const yesAndNo: Case = {
  good: [
    ...["1", "true", "TRUE", "yes", "on", " true "].map((value): Good => [value, true]),
    ...["0", "false", "False", "no", "off"].map((value): Good => [value, false])
  ],
  bad: ["2", "maybe", "truee", "true,false"]
}

const lists: Case = {
  good: [
    ["agents", ["agents"]],
    [" agents , runs ,", ["agents", "runs"]]
  ],
  bad: [",", " , ,"]
}

const wholeNumbers = ["-1", "1.5", "1e3", "0x10", "many", "1 000", "Infinity", "NaN", "+5"]

const urls = {
  good: [
    ["https://mcp.test", "https://mcp.test/"],
    ["http://localhost:4318", "http://localhost:4318/"]
  ],
  bad: [
    "mcp.test",
    "ftp://mcp.test",
    "https://me@mcp.test",
    "https://:pass@mcp.test",
    "https://a.test/?b",
    "https://a.test/#b"
  ]
} satisfies Case

const cases: { readonly [Name in keyof Settings]: Case } = {
  apiKey: {
    good: [
      ["sk-123", "redacted sk-123"],
      ["  sk-123\n", "redacted sk-123"],
      ["any~thing!", "redacted any~thing!"]
    ],
    bad: ["sk 123", "sk-\u00e4", "sk\t1", "sk-1\nsk-2", "sk-\u0000"]
  },
  apiUrl: {
    good: [
      ["https://sequentum.test", "https://sequentum.test/"],
      ["https://sequentum.test/api/v1/", "https://sequentum.test/api/v1/"],
      ["https://sequentum.test:8443/x", "https://sequentum.test:8443/x"],
      ["http://localhost:4100", "http://localhost:4100/"],
      ["http://127.0.0.1:4100", "http://127.0.0.1:4100/"],
      ["http://[::1]:4100", "http://[::1]:4100/"]
    ],
    bad: [
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
  requestTimeout: {
    good: [
      ["1", "1 s"],
      ["600", "600 s"]
    ],
    bad: ["0", "601", "30s", ...wholeNumbers]
  },
  maxResultBytes: {
    good: [
      ["1000", 1000],
      ["10000000", 10_000_000]
    ],
    bad: ["999", "10000001", ...wholeNumbers]
  },
  debug: {
    good: [
      ["1", true],
      ["true", true],
      ["0", false],
      ["express:*", false],
      ["2", false]
    ],
    bad: []
  },
  transport: {
    good: [
      ["stdio", "stdio"],
      ["http", "http"],
      ["HTTP", "http"]
    ],
    bad: ["sse", "stdio,http"]
  },
  host: {
    good: [
      ["0.0.0.0", "0.0.0.0"],
      [" ::1 ", "::1"]
    ],
    bad: []
  },
  port: {
    good: [
      ["0", 0],
      ["65535", 65_535]
    ],
    bad: ["65536", ...wholeNumbers]
  },
  publicUrl: urls,
  requireAuth: yesAndNo,
  trustProxy: yesAndNo,
  allowedOrigins: {
    good: [
      ["https://app.example.com", ["https://app.example.com"]],
      ["https://a.test, http://localhost:5173,", ["https://a.test", "http://localhost:5173"]]
    ],
    bad: ["app.test", "https://a.test/", "https://a.test/path", "*", "null", "https://a.test b", "ftp://a.test"]
  },
  allowedHosts: {
    good: [
      ["mcp.test", ["mcp.test"]],
      ["MCP.example.com:8443, [::1]:3000,127.0.0.1", ["mcp.example.com:8443", "[::1]:3000", "127.0.0.1"]]
    ],
    bad: ["https://a.test", "*", "a.test/path", "a b", "a.test:port", "::1"]
  },
  sessions: {
    good: [
      ["on", "on"],
      ["off", "off"],
      ["OFF", "off"]
    ],
    bad: ["true", "1"]
  },
  maxSessions: {
    good: [
      ["1", 1],
      ["1000000", 1_000_000]
    ],
    bad: ["0", "1000001", ...wholeNumbers]
  },
  sessionIdle: {
    good: [
      ["90", "90 s"],
      ["90 seconds", "90 s"],
      ["1 second", "1 s"],
      ["30m", "1800 s"],
      ["30 minutes", "1800 s"],
      ["1 hour", "3600 s"],
      ["2h", "7200 s"]
    ],
    bad: ["0", "0 hours", "1 day", "-1 hour", "1.5 hours", "soon", "hour", "1 hour ago"]
  },
  rateLimit: {
    good: [
      ["0", 0],
      ["1000000", 1_000_000]
    ],
    bad: ["1000001", ...wholeNumbers]
  },
  otlpEndpoint: urls,
  toolsets: lists,
  tools: lists,
  excludeTools: lists,
  readOnly: yesAndNo
}

/** A setting's name is one of the type's. */
const isName = (name: string): name is keyof Settings => Object.hasOwn(settings, name)
const names = Object.keys(settings).filter(isName)

describe("settings", () => {
  it.effect("are the defaults where nothing is set", () =>
    Effect.gen(function* () {
      const loaded = yield* read({})
      assert.deepStrictEqual(Object.fromEntries(names.map((name) => [name, plain(loaded[name])])), { ...defaults })
    })
  )

  it("are all read, each from a variable of its own", () => {
    assert.sameMembers(names, Object.keys(cases))
    assert.strictEqual(new Set(names.map((name) => settings[name].env)).size, names.length)
  })
})

for (const name of names) {
  const { env } = settings[name]
  describe(env, () => {
    for (const [value, meaning] of cases[name].good) {
      it.effect(`${JSON.stringify(value)} is ${JSON.stringify(meaning)}`, () =>
        Effect.gen(function* () {
          assert.deepStrictEqual(plain((yield* read({ [env]: value }))[name]), meaning)
        })
      )
    }

    for (const value of cases[name].bad) {
      it.effect(`${JSON.stringify(value)} is refused in a sentence that does not repeat it`, () =>
        Effect.gen(function* () {
          const problems = yield* problemsOf({ [env]: value })
          assert.strictEqual(problems.length, 1)
          assert.match(problems[0] ?? "", new RegExp(`^${env} must .+\\.$`, "u"))
          if (value.length > 8) assert.notInclude(problems[0] ?? "", value)
        })
      )
    }

    it.effect("blank is as if not set", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(plain((yield* read({ [env]: " \t" }))[name]), defaults[name])
      })
    )
  })
}

describe("problems", () => {
  it.effect("are told all at once, one sentence for each setting", () =>
    Effect.gen(function* () {
      const wrong = names.flatMap((name) => {
        const [bad] = cases[name].bad
        return bad === undefined ? [] : [[settings[name].env, bad] as const]
      })
      const problems = yield* problemsOf(Object.fromEntries(wrong))
      assert.deepStrictEqual(problems.map((problem) => problem.split(" ")[0]).sort(), wrong.map(([env]) => env).sort())
    })
  )

  it.effect.prop(
    "never hold the key, whether it is good or bad",
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

  it.effect("nor does a good key show in what is printed of the settings", () =>
    Effect.gen(function* () {
      const loaded = yield* read({ SEQUENTUM_API_KEY: "sk-123456" })
      assert.notInclude(JSON.stringify(loaded), "sk-123456")
      assert.notInclude(String(loaded.apiKey), "sk-123456")
    })
  )
})

describe("the environment", () => {
  it.effect("beats the defaults, and flags beat the environment", () =>
    Effect.gen(function* () {
      vi.stubEnv("PORT", "5000")
      vi.stubEnv("MAX_SESSIONS", "5")
      const loaded = yield* loadSettings(new Map([["PORT", "4000"]]))
      assert.strictEqual(loaded.port, 4000)
      assert.strictEqual(loaded.maxSessions, 5)
    }).pipe(Effect.ensuring(Effect.sync(() => vi.unstubAllEnvs())))
  )
})
