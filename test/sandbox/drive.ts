import type * as HttpBody from "@effect/platform/HttpBody"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Api from "../../src/sandbox/api.ts"

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly isStreamed: boolean
  readonly bytes: Buffer
  readonly text: string
  /** The parsed JSON body; undefined if the body is not JSON. */
  readonly json: unknown
}

export interface Ask {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const readJson = Schema.decodeOption(Schema.parseJson())

const bytesOf = (body: HttpBody.HttpBody): Effect.Effect<Buffer> => {
  switch (body._tag) {
    case "Empty":
      return Effect.succeed(Buffer.alloc(0))
    case "Uint8Array":
      return Effect.succeed(Buffer.from(body.body))
    case "Stream":
      return Effect.map(Effect.orDie(Stream.runCollect(body.stream)), (pieces) => Buffer.concat([...pieces]))
    default:
      throw new Error(`The response has a body of the kind ${body._tag}.`)
  }
}

/** A sandbox without a socket. Sets the TestClock to a fixed time. */
export const sandbox = (options: Partial<Api.ApiOptions> = {}) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(Date.parse("2026-03-11T12:00:00.000Z"))
    const app = yield* Api.make({ speed: 1, rateLimitPerMinute: 100_000, ...options })
    const send = (method: string, url: string, { body, headers }: Ask = {}): Effect.Effect<Reply> =>
      Effect.gen(function* () {
        const request = new Request(new URL(url, "http://sandbox.test"), {
          method,
          headers: { host: "sandbox.test", authorization: "ApiKey sk-test", ...headers },
          ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
        })
        const response = yield* Effect.provideService(
          app,
          HttpServerRequest.HttpServerRequest,
          HttpServerRequest.fromWeb(request)
        )
        const bytes = yield* bytesOf(response.body)
        const text = new TextDecoder().decode(bytes)
        return {
          status: response.status,
          headers: new Headers(response.headers),
          isStreamed: response.body._tag === "Stream",
          bytes,
          text,
          json: Option.getOrUndefined(readJson(text))
        }
      })
    const api = (method: string) => (path: string, ask?: Ask) => send(method, `/api/v1${path}`, ask)
    return { send, get: api("GET"), post: api("POST"), put: api("PUT"), del: api("DELETE") } as const
  })

/** Decodes a reply with a schema. A reply of another shape fails the test. */
export const as =
  <A, I>(schema: Schema.Schema<A, I>) =>
  (reply: Pick<Reply, "json">): Effect.Effect<A> =>
    Effect.orDie(Schema.decodeUnknown(schema)(reply.json))

export const Run = Schema.Struct({
  id: Schema.Int,
  configId: Schema.Int,
  status: Schema.Int,
  tableType: Schema.String,
  message: Schema.NullOr(Schema.String),
  startTime: Schema.NullOr(Schema.String),
  endTime: Schema.NullOr(Schema.String),
  created: Schema.String,
  dataCount: Schema.Int,
  pageCount: Schema.Int,
  errorCount: Schema.Int,
  exportCount: Schema.NullOr(Schema.Int),
  runTimeSec: Schema.NullOr(Schema.Int)
})

export const Runs = Schema.Array(Run)

export const RunFiles = Schema.Array(
  Schema.Struct({ id: Schema.Int, name: Schema.String, fileType: Schema.Int, fileSize: Schema.Int })
)

export const Agent = Schema.Struct({
  id: Schema.Int,
  name: Schema.String,
  spaceId: Schema.NullOr(Schema.Int),
  status: Schema.NullOr(Schema.Int),
  version: Schema.Int,
  isActive: Schema.Boolean,
  configType: Schema.Int,
  lastActivity: Schema.NullOr(Schema.String)
})

export const Agents = Schema.Array(Agent)

export const AgentPage = Schema.Struct({ agents: Agents, totalRecordCount: Schema.Int })

export const AgentError = Schema.Struct({
  statusCode: Schema.Int,
  statusDescription: Schema.String,
  message: Schema.String,
  errorCode: Schema.String
})

export const Problem = Schema.Struct({
  type: Schema.String,
  title: Schema.String,
  status: Schema.Int,
  detail: Schema.String,
  instance: Schema.String
})

/** Seeded agents that tests use. */
export const books = 4101
export const grocery = 4103
export const reviews = 4105
export const jobs = 4201
export const neverRun = 4204
export const archived = 4205
export const failing = 4301
export const quick = 4302
export const sharedFile = 4303
export const laptops = 4102
export const samples = 4501
export const jsonLines = 4502
export const semicolons = 4503
export const bigTable = 4504
export const lots = 4505
export const scriptErrors = 4508
export const crawl = 4512
