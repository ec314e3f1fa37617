import type { AuthInfo, ServerContext } from "@modelcontextprotocol/server"
import type { Credentials } from "../../sequentum/Credentials.ts"
import type { Selection } from "../../tools/selection.ts"
import type { Challenge } from "./oauth.ts"

/** Who sends a request, and which tools it may use. The SDK carries it to the handlers in `authInfo.extra`. */
export class Caller {
  readonly credentials: Credentials["Type"]
  readonly selection: Selection
  /** When its request arrived, in milliseconds of monotonic time. */
  readonly arrivedAt: number
  /** The scopes that it has, for a challenge to name with what is missing: those of its proven token, if known. */
  readonly scopes: ReadonlyArray<string>
  #challenge: Challenge | undefined
  #isGone = false

  constructor(
    credentials: Credentials["Type"],
    selection: Selection,
    arrivedAt: number,
    scopes: ReadonlyArray<string> = []
  ) {
    this.credentials = credentials
    this.selection = selection
    this.arrivedAt = arrivedAt
    this.scopes = scopes
  }

  /** Replaces the response, unless its first bytes have been sent. The first challenge wins. */
  recordChallenge(challenge: Challenge): void {
    this.#challenge ??= challenge
  }

  get challenge(): Challenge | undefined {
    return this.#challenge
  }

  /** The connection is closed: nobody reads the result. */
  leave(): void {
    this.#isGone = true
  }

  get isGone(): boolean {
    return this.#isGone
  }

  /** The token stays empty: the handlers use the credentials, and nothing else needs it. */
  get authInfo(): AuthInfo {
    return { token: "", clientId: "", scopes: [], extra: { caller: this } }
  }
}

/** The caller of a request that a handler got from the SDK. */
export const callerOf = (ctx: Pick<ServerContext, "http">): Caller | undefined => {
  const caller = ctx.http?.authInfo?.extra?.["caller"]
  return caller instanceof Caller ? caller : undefined
}
