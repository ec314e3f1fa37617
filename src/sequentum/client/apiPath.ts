import type { Resource } from "../errors.ts"

/** A path of the API, and what a request to it is about. */
export interface ApiPath {
  readonly path: string
  readonly resource: Resource
  /** What a write changes, if that is not `resource`. */
  readonly changes?: Resource
}

/**
 * One segment of a path. `.` and `..` would act as steps even when encoded once, so they are encoded twice; half a
 * surrogate pair can't be encoded at all. Neither names anything that exists.
 */
const pathSegment = (value: string | number): string =>
  encodeURIComponent(String(value).replace(/\p{Cs}/gu, "\ufffd")).replace(/^\.{1,2}$/u, (dots) =>
    "%252E".repeat(dots.length)
  )

/**
 * A template for paths about one kind of thing. It percent-encodes each value:
 * `` apiPath("run")`/agent/${agentId}/run/${runId}/status` ``.
 */
export const apiPath =
  (resource: Resource, options: { readonly changes?: Resource } = {}) =>
  (parts: TemplateStringsArray, ...values: ReadonlyArray<string | number>): ApiPath => ({
    path: String.raw({ raw: parts }, ...values.map(pathSegment)),
    resource,
    ...options
  })
