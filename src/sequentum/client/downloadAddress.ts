import * as Effect from "effect/Effect"
import type { UnexpectedResponse } from "../errors.ts"
import { unusable, type RequestLine } from "./Upstream.ts"

/** Why a file must not be fetched from `url`, as the end of "it had …"; undefined if it may be. */
const problemOf = (url: URL, apiUrl: URL): string | undefined => {
  // The API is on http on loopback only, where nothing can be read on the way.
  const isExpected = url.protocol === "https:" || (url.protocol === "http:" && apiUrl.protocol === "http:")
  return isExpected ? undefined : "a redirect to something other than an https address"
}

/**
 * The address of a file if a download may go there. It is handed to the client too, so this is the one place that
 * decides. Fails with UnexpectedResponse.
 */
export const usableAddress =
  (line: RequestLine, status: number, apiUrl: URL) =>
  (url: URL): Effect.Effect<URL, UnexpectedResponse> => {
    const problem = problemOf(url, apiUrl)
    return problem === undefined ? Effect.succeed(url) : Effect.fail(unusable(line, status, problem))
  }
