import type { Accepted } from "../delivery/respond.ts"

interface Range {
  readonly type: string
  readonly isRefused: boolean
}

const rangeOf = (text: string): Range => {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim())
  return { type, isRefused: parameters.some((parameter) => /^q\s*=\s*0(?:\.0*)?$/u.test(parameter)) }
}

/** Whether the client accepts a media type: the most specific range decides. Weights are not compared: only 0 means no. */
const accepts = (ranges: ReadonlyArray<Range>, type: string) => {
  const [family = ""] = type.split("/")
  const deciding = [type, `${family}/*`, "*/*"]
    .map((name) => ranges.filter((range) => range.type === name))
    .find((same) => same.length > 0)
  return deciding?.some(({ isRefused }) => !isRefused) ?? false
}

/** The kinds of body that an Accept header allows; all if there is none, undefined if it allows no kind. */
export const acceptedBy = (accept: string | undefined): Accepted | undefined => {
  if (accept === undefined || accept.trim() === "") return "both"
  const ranges = accept.toLowerCase().split(",").map(rangeOf)
  const json = accepts(ranges, "application/json")
  const events = accepts(ranges, "text/event-stream")
  return json && events ? "both" : json ? "json" : events ? "events" : undefined
}
