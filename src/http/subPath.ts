import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"

const wellKnown = "/.well-known/oauth-protected-resource"

/**
 * The path of a request as this server knows it. A proxy may keep the path of the public URL before it, and RFC 9728
 * (section 3.1) puts the path of a resource behind the well-known one.
 */
const withoutSubPath = (subPath: string, url: string): string => {
  for (const [before, prefix] of [
    ["", subPath],
    [wellKnown, `${wellKnown}${subPath}`]
  ] as const) {
    if (url === prefix || url.startsWith(`${prefix}/`) || url.startsWith(`${prefix}?`)) {
      const rest = url.slice(prefix.length)
      return `${before}${before === "" && !rest.startsWith("/") ? "/" : ""}${rest}`
    }
  }
  return url
}

/** Serves an app below the path of its public URL too. */
export const belowSubPath =
  (subPath: string) =>
  <E, R>(app: HttpApp.Default<E, R>): HttpApp.Default<E, R> =>
    subPath === ""
      ? app
      : Effect.updateService(app, HttpServerRequest.HttpServerRequest, (request) =>
          request.modify({ url: withoutSubPath(subPath, request.url) })
        )
