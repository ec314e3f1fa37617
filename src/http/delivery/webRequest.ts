import type * as PlatformHeaders from "@effect/platform/Headers"

const noForm = () => new TypeError("The body is no form")

/** A request whose body has been read. */
class ReadRequest implements Request {
  readonly url = "http://localhost/mcp"
  readonly method: string
  readonly headers: Headers
  readonly signal: AbortSignal

  readonly body = null
  readonly bodyUsed = false
  readonly cache = "no-store"
  readonly credentials = "omit"
  readonly destination = ""
  readonly duplex = "half"
  readonly integrity = ""
  readonly keepalive = false
  readonly mode = "same-origin"
  readonly redirect = "manual"
  readonly referrer = ""
  readonly referrerPolicy = ""

  constructor(method: string, headers: Headers, signal: AbortSignal) {
    this.method = method
    this.headers = headers
    this.signal = signal
  }

  readonly clone = (): Request => readRequest(this.method, new Headers(this.headers), this.signal)
  readonly arrayBuffer = () => Promise.resolve(new ArrayBuffer(0))
  readonly blob = () => Promise.resolve(new Blob([]))
  readonly formData = () => Promise.reject(noForm())
  readonly json = () => Promise.reject(new SyntaxError("The body is empty"))
  readonly text = () => Promise.resolve("")
}

const readRequest = (method: string, headers: Headers, signal: AbortSignal): Request =>
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- the class has every member
  new ReadRequest(method, headers, signal)

/** The headers that the protocol uses. The token is left out: nothing behind this needs it. */
const protocolHeaders = (headers: PlatformHeaders.Headers) => {
  const kept = new Headers()
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined && (name.startsWith("mcp-") || name === "accept" || name === "content-type")) {
      kept.set(name, value)
    }
  }
  return kept
}

/**
 * A web Request for the SDK, which reads only its method, headers and signal; a test fails when it reads more. Takes
 * about 9 µs, where `new Request` with a signal takes 50 to 79 µs: 3 to 4 % of a call.
 */
export const webRequest = (method: string, headers: PlatformHeaders.Headers, signal: AbortSignal): Request =>
  readRequest(method, protocolHeaders(headers), signal)
