// A minimal MCP server over stdio, the baseline for the start-up benchmark.
import { Server } from "@modelcontextprotocol/server"
import { serveStdio } from "@modelcontextprotocol/server/stdio"

serveStdio(() => {
  const server = new Server({ name: "bare", version: "1" }, { capabilities: { tools: {} } })
  server.setRequestHandler("tools/list", () => ({ tools: [{ name: "nothing", inputSchema: { type: "object" } }] }))
  return server
})
