import { assert, describe, it } from "@effect/vitest"
import { acceptedBy } from "../../src/http/admission/accepted.ts"

describe("the Accept header", () => {
  it.each([
    [undefined, "both"],
    ["", "both"],
    ["*/*", "both"],
    ["text/html, image/gif, *; q=.2, */*; q=.2", "both"],
    ["application/json, text/event-stream", "both"],
    ["APPLICATION/JSON", "json"],
    ["application/*", "json"],
    ["application/json;version=1,,", "json"],
    ["text/event-stream", "events"],
    ["text/*", "events"],
    // The most specific range decides, wherever it stands.
    ["*/*, text/event-stream;q=0", "json"],
    ["text/*;q=0.0, */*", "json"],
    ["application/json;q=0, */*", "events"],
    ["*/*;q=0, application/json", "json"],
    ["text/*;q=0, text/event-stream", "events"],
    ["*", undefined],
    ["text/html", undefined],
    ["application/json ; q = 0", undefined],
    ["image/*, */*;q=0", undefined]
  ] as const)("%j allows %j", (header, accepted) => {
    assert.strictEqual(acceptedBy(header), accepted)
  })
})
