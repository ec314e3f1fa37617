import type { Accepted } from "../delivery/respond.ts"

/** Whether the client accepts a media type. Weights are not compared: only 0 means no. */
const accepts = (ranges: ReadonlyArray<string>, type: string) => {
  const [family = ""] = type.split("/")
  return ranges.some((range) => range === type || range === `${family}/*` || range === "*/*")
}

/** The kinds of body that an Accept header allows; all if there is none, undefined if it allows no kind. */
export const acceptedBy = (accept: string | undefined): Accepted | undefined => {
  if (accept === undefined || accept.trim() === "") return "both"
  const ranges = accept
    .toLowerCase()
    .split(",")
    .map((range) => range.split(";").map((part) => part.trim()))
    .filter(([, ...parameters]) => !parameters.some((parameter) => /^q\s*=\s*0(?:\.0*)?$/u.test(parameter)))
    .map(([type = ""]) => type)
  const json = accepts(ranges, "application/json")
  const events = accepts(ranges, "text/event-stream")
  return json && events ? "both" : json ? "json" : events ? "events" : undefined
}
