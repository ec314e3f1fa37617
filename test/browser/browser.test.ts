import { existsSync } from "node:fs"
import { createServer } from "node:http"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chromium } from "playwright-core"
import { endpoint } from "../support/endpoint.ts"

const browserPath = "/usr/bin/chromium"
const absent = !existsSync(browserPath)

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync"
]

/** An empty page on an origin of its own. */
const site = Effect.acquireRelease(
  Effect.async<{ readonly origin: string; readonly close: () => void }>((resume) => {
    const server = createServer((_, response) =>
      response.setHeader("content-type", "text/html").end("<title>site</title>")
    )
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      resume(Effect.succeed({ origin: `http://127.0.0.1:${port}`, close: () => server.close() }))
    })
  }),
  ({ close }) => Effect.sync(close)
).pipe(Effect.map(({ origin }) => origin))

const browser = Effect.acquireRelease(
  Effect.promise(() => chromium.launch({ executablePath: browserPath, args: flags })),
  (launched) => Effect.promise(() => launched.close())
)

/** What a page does with fetch: initialize, list the tools, call one. Runs in the browser. */
const speak = async (mcp: string) => {
  const headers: Record<string, string> = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    authorization: "Bearer page"
  }
  const ask = async (method: string, params: unknown) => {
    const response = await fetch(mcp, {
      method: "POST",
      headers,
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params })
    })
    const session = response.headers.get("mcp-session-id")
    if (session !== null) headers["mcp-session-id"] = session
    return response.text()
  }
  try {
    return {
      initialized: await ask("initialize", {
        protocolVersion: "2025-11-25",
        capabilities: {},
        clientInfo: { name: "page", version: "1" }
      }),
      listed: await ask("tools/list", {}),
      called: await ask("tools/call", { name: "search_agents", arguments: { query: "books" } })
    }
  } catch (error) {
    return { refused: String(error) }
  }
}

describe.skipIf(absent)(`a page in a browser${absent ? " (skipped: there is no /usr/bin/chromium)" : ""}`, () => {
  it.scopedLive("of an allowed origin initializes, lists and calls; of another origin it can't", () =>
    Effect.gen(function* () {
      const allowed = yield* site
      const refused = yield* site
      const { mcp } = yield* endpoint({ ALLOWED_ORIGINS: allowed })
      const launched = yield* browser
      const visit = (origin: string) =>
        Effect.promise(async () => {
          const page = await launched.newPage()
          await page.goto(origin)
          return page.evaluate(speak, mcp)
        })
      const spoken = yield* visit(allowed)
      assert.include(spoken.initialized, "sequentum-mcp")
      assert.include(spoken.listed, "search_agents")
      assert.include(spoken.called, "Books catalogue")
      // A name of this machine that is not localhost itself.
      const other = refused.replace("127.0.0.1", "other.localhost")
      assert.match((yield* visit(other)).refused ?? "", /TypeError/u)
    })
  )
})
