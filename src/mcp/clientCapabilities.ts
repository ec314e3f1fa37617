import { CLIENT_CAPABILITIES_META_KEY, type ServerContext } from "@modelcontextprotocol/server"
import * as Predicate from "effect/Predicate"

/** A flag, or an object that stands for itself and may have more flags. */
type Shape = true | { readonly [name: string]: Shape }

/** What a client can declare that this server, its SDK or an extension of it asks for. */
const known = {
  roots: { listChanged: true },
  sampling: { context: {}, tools: {} },
  elicitation: { form: { applyDefaults: true }, url: {} },
  extensions: { "io.modelcontextprotocol/tasks": {} }
} as const satisfies Shape

/** The members of the shape alone. What is not an object stays, so that the SDK refuses it. */
const restrict = (value: unknown, shape: Shape): unknown =>
  Predicate.isRecord(value) && shape !== true
    ? Object.fromEntries(
        Object.entries(shape).flatMap(([name, inner]) =>
          Object.hasOwn(value, name) ? [[name, restrict(value[name], inner)]] : []
        )
      )
    : value

/**
 * The capabilities of a client without those that nobody knows, of which there can be thousands: the SDK checks, copies
 * and keeps whatever a client declares.
 */
export const knownCapabilities = (capabilities: unknown): unknown => restrict(capabilities, known)

const flagsIn = (value: unknown, shape: Shape, path: string): ReadonlyArray<string> =>
  Predicate.isRecord(value) && shape !== true
    ? Object.entries(shape).flatMap(([name, inner]) => {
        const declared = Object.hasOwn(value, name) ? value[name] : undefined
        const here = `${path}${name}`
        return declared === true || Predicate.isRecord(declared) ? [here, ...flagsIn(declared, inner, `${here} `)] : []
      })
    : []

/** Names of the known capabilities that a client declares, each with those that contain it. */
export const flagsOf = (capabilities: unknown): ReadonlyArray<string> => flagsIn(capabilities, known, "")

const fromFlags = (flags: ReadonlyArray<string>, shape: Shape, path: string): unknown =>
  shape === true
    ? true
    : Object.fromEntries(
        Object.entries(shape).flatMap(([name, inner]) =>
          flags.includes(`${path}${name}`) ? [[name, fromFlags(flags, inner, `${path}${name} `)]] : []
        )
      )

/** The capabilities of a client by the names that `flagsOf` gave. */
export const capabilitiesOf = (flags: ReadonlyArray<string>): unknown => fromFlags(flags, known, "")

/** The capabilities that a request of the newer era declares. */
export const declaredCapabilities = ({ mcpReq: { envelope } }: ServerContext): unknown =>
  Predicate.hasProperty(envelope, CLIENT_CAPABILITIES_META_KEY) ? envelope[CLIENT_CAPABILITIES_META_KEY] : undefined
