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

  readonly clone = (): Request => webRequest(this.method, new Headers(this.headers), this.signal)
  readonly arrayBuffer = () => Promise.resolve(new ArrayBuffer(0))
  readonly blob = () => Promise.resolve(new Blob([]))
  readonly formData = () => Promise.reject(noForm())
  readonly json = () => Promise.reject(new SyntaxError("The body is empty"))
  readonly text = () => Promise.resolve("")
}

/**
 * The web Request that stands for one of Node's in the protocol's code, which reads its method, its headers and its
 * signal. The platform's own class parses the URL, makes a signal that follows the given one, and finalizers: a sixth
 * of all that a request cost.
 */
export const webRequest = (method: string, headers: Headers, signal: AbortSignal): Request =>
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- the whole interface is there
  new ReadRequest(method, headers, signal)
