import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { ToolRegistry } from "../tools/registry.ts"
import { everything, type Selection } from "../tools/selection.ts"
import { variablesOf, type Resource, type Variable, type Variables } from "./Resource.ts"
import { resourceTemplates, staticResources } from "./resources.ts"

/** No resource has this URI, or the object that it names does not exist. */
export class ResourceNotFound extends Data.TaggedError("ResourceNotFound")<{ readonly uri: string }> {}

/** An id in a URI: 1 to 15 digits (a safe integer), no leading zero. */
const idPattern = "([1-9]\\d{0,14})"

const matcher = (resource: Resource) => {
  const names = variablesOf(resource.uri)
  const pattern = new RegExp(`^${resource.uri.replaceAll(/\{\w+\}/gu, idPattern)}$`, "u")
  return (uri: string): Variables | undefined => {
    const match = pattern.exec(uri)
    return match === null
      ? undefined
      : Object.fromEntries(names.map((name, index): [Variable, number] => [name, Number(match[index + 1])]))
  }
}

const matchers = [...staticResources, ...resourceTemplates].map((resource) => ({
  resource,
  match: matcher(resource)
}))

/** The tool that reads a resource; undefined if the URI is unknown or malformed. */
export const toolOf = (uri: string): string | undefined =>
  matchers.find(({ match }) => match(uri) !== undefined)?.resource.tool

/**
 * Reads a resource by its URI, through its tool. Fails with ResourceNotFound if the URI is unknown, malformed or names
 * nothing; otherwise with the error of the tool.
 */
export const readResource = Effect.fnUntraced(function* (uri: string, selection: Selection = everything) {
  const tools = yield* ToolRegistry
  const notFound = new ResourceNotFound({ uri })
  for (const { match, resource } of matchers) {
    const variables = match(uri)
    if (variables === undefined) continue
    const args = yield* resource.args(variables)
    return yield* tools
      .call(resource.tool, args, selection)
      .pipe(Effect.catchTags({ NotFound: () => Effect.fail(notFound), UnknownTool: () => Effect.fail(notFound) }))
  }
  return yield* notFound
})
