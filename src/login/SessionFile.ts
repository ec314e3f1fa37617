import { randomUUID } from "node:crypto"
import { link, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises"
import { homedir, hostname } from "node:os"
import { dirname, join } from "node:path"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Session } from "./Session.ts"

/** The file of sessions can't be used. `reason` is a sentence. */
export class FileProblem extends Data.TaggedError("FileProblem")<{ readonly reason: string }> {}

const variable = (name: string) =>
  Effect.map(Effect.orElseSucceed(Config.option(Config.string(name)), Option.none), (value) =>
    Option.getOrUndefined(Option.filter(value, (text) => text !== ""))
  )

const stateHome = "XDG_STATE_HOME"

const folderFor = (platform: NodeJS.Platform) => {
  switch (platform) {
    case "darwin":
      return Effect.sync(() => join(homedir(), "Library", "Application Support"))
    case "win32":
      return Effect.map(variable("LOCALAPPDATA"), (folder) => folder ?? join(homedir(), "AppData", "Local"))
    default:
      return Effect.map(variable(stateHome), (folder) => folder ?? join(homedir(), ".local", "state"))
  }
}

/** Where sessions are kept. */
export const sessionPath: Effect.Effect<string> = Effect.map(folderFor(process.platform), (folder) =>
  join(folder, "sequentum-mcp", "login.json")
)

/** Variables that say where sessions are, and that clients do not hand on to the servers they start. */
export const sessionVariableNames: ReadonlyArray<string> =
  process.platform === "darwin" || process.platform === "win32" ? [] : [stateHome]

/** Those of them that are set here. */
export const sessionVariables: Effect.Effect<Readonly<Record<string, string>>> = Effect.reduce(
  sessionVariableNames,
  {},
  (set, name) => Effect.map(variable(name), (value) => (value === undefined ? set : { ...set, [name]: value }))
)

/** Sessions by the origin of their Sequentum host. */
const Sessions = Schema.parseJson(Schema.Struct({ sessions: Schema.Record({ key: Schema.String, value: Session }) }), {
  space: 2
})
const decode = Schema.decode(Sessions)
const encode = Schema.encode(Sessions)

const codeOf = (cause: unknown) =>
  Predicate.hasProperty(cause, "code") && Predicate.isString(cause.code) ? cause.code : "UNKNOWN"

const onFile = <A>(path: string, use: () => Promise<A>) =>
  Effect.tryPromise({
    try: use,
    catch: (cause) => new FileProblem({ reason: `${path} can't be read or written (${codeOf(cause)}).` })
  })

/** The text of a file; none if there is no such file. */
const textOf = (path: string) =>
  Effect.tryPromise({ try: () => readFile(path, "utf8"), catch: codeOf }).pipe(
    Effect.map(Option.some),
    Effect.catchAll((code) =>
      code === "ENOENT"
        ? Effect.succeed(Option.none<string>())
        : new FileProblem({ reason: `${path} can't be read (${code}).` })
    )
  )

const readSessions = (path: string) =>
  Effect.flatMap(
    textOf(path),
    Option.match({
      onNone: () => Effect.succeed<Readonly<Record<string, Session>>>({}),
      // The error of the Schema may hold a token.
      onSome: (text) =>
        Effect.mapBoth(decode(text), {
          onFailure: () =>
            new FileProblem({ reason: `${path} is damaged. Delete it, and sign in again: sequentum-mcp login.` }),
          onSuccess: ({ sessions }) => sessions
        })
    })
  )

/** The session with the host, if there is one. */
export const readSession = (origin: string): Effect.Effect<Option.Option<Session>, FileProblem> =>
  Effect.map(Effect.flatMap(sessionPath, readSessions), (sessions) => Option.fromNullable(sessions[origin]))

/** Keeps or, if it is none, drops the session with the host. Only the one who holds the lock may. */
export const writeSession = (origin: string, session: Option.Option<Session>): Effect.Effect<void, FileProblem> =>
  Effect.gen(function* () {
    const path = yield* sessionPath
    const { [origin]: _, ...others } = yield* readSessions(path)
    const sessions = {
      ...others,
      ...Option.match(session, { onNone: () => ({}), onSome: (one) => ({ [origin]: one }) })
    }
    const text = yield* Effect.orDie(encode({ sessions }))
    const temporary = `${path}.${randomUUID()}.tmp`
    yield* onFile(path, async () => {
      // A new file, so that the mode holds from the first byte on.
      await writeFile(temporary, `${text}\n`, { mode: 0o600, flag: "wx" })
      await rename(temporary, path)
    }).pipe(Effect.onError(() => Effect.promise(() => rm(temporary, { force: true }))))
  })

/** Whoever holds the lock has ended its requests by then. */
const maxHeld = Duration.toMillis("60 seconds")

const Owner = Schema.parseJson(Schema.Struct({ pid: Schema.Int, host: Schema.String, id: Schema.String }))

const isAlive = (pid: number) =>
  Effect.try({ try: () => process.kill(pid, 0), catch: codeOf }).pipe(
    Effect.as(true),
    Effect.catchAll((code) => Effect.succeed(code !== "ESRCH"))
  )

/** Whether the program that made the lock has ended without taking it away. */
const isAbandoned = (path: string, text: string) =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const made = yield* Effect.option(Effect.tryPromise(() => stat(path)))
    if (Option.exists(made, ({ mtimeMs }) => now - mtimeMs > maxHeld)) return true
    const owner = yield* Effect.option(Schema.decode(Owner)(text))
    return Option.isSome(owner) && owner.value.host === hostname() && !(yield* isAlive(owner.value.pid))
  })

/** Takes an abandoned lock away. If another one stands in its place by then, that one is put back. */
const takeAway = (path: string, text: string) =>
  Effect.ignore(
    Effect.tryPromise(async () => {
      const aside = `${path}.${randomUUID()}`
      await rename(path, aside)
      if ((await readFile(aside, "utf8")) !== text) await link(aside, path)
      await rm(aside)
    })
  )

/** Somebody else holds the lock. */
class Held extends Data.TaggedError("Held") {}

const acquire = (path: string, own: string) =>
  Effect.tryPromise({ try: () => writeFile(path, own, { mode: 0o600, flag: "wx" }), catch: codeOf }).pipe(
    Effect.catchAll((code): Effect.Effect<void, Held | FileProblem> => {
      if (code !== "EEXIST") return new FileProblem({ reason: `${path} can't be written (${code}).` })
      return Effect.gen(function* () {
        const text = yield* textOf(path)
        if (Option.isSome(text) && (yield* isAbandoned(path, text.value))) yield* takeAway(path, text.value)
        return yield* new Held()
      })
    }),
    Effect.retry({
      while: (error) => error._tag === "Held",
      schedule: Schedule.intersect(Schedule.spaced(Duration.millis(50)), Schedule.recurUpTo(Duration.seconds(25)))
    }),
    Effect.catchTag("Held", () => new FileProblem({ reason: `${path} is held by another program.` }))
  )

/**
 * Runs `use` while no other process does: refresh tokens rotate, and one that is used twice ends the session. Fails with
 * FileProblem after 25 seconds.
 */
export const withLock = <A, E, R>(use: Effect.Effect<A, E, R>): Effect.Effect<A, E | FileProblem, R> =>
  Effect.gen(function* () {
    const path = `${yield* sessionPath}.lock`
    const own = JSON.stringify({ pid: process.pid, host: hostname(), id: randomUUID() })
    yield* onFile(dirname(path), () => mkdir(dirname(path), { recursive: true, mode: 0o700 }))
    const release = Effect.flatMap(Effect.orElseSucceed(textOf(path), Option.none), (text) =>
      Option.contains(text, own) ? Effect.ignore(Effect.tryPromise(() => rm(path, { force: true }))) : Effect.void
    )
    return yield* Effect.acquireUseRelease(
      acquire(path, own),
      () => use,
      () => release
    )
  })
