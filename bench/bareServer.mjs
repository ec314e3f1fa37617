// The least that an MCP server over stdio can be: what the start-up of this one is measured against.
import { Server } from "@modelcontextprotocol/server"
import { serveStdio } from "@modelcontextprotocol/server/stdio"

serveStdio(() => {
  const server = new Server({ name: "bare", version: "1" }, { capabilities: { tools: {} } })
  server.setRequestHandler("tools/list", () => ({ tools: [{ name: "nothing", inputSchema: { type: "object" } }] }))
  return server
})
