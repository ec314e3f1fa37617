// The baseline for the benchmark of the endpoint: the SDK's own handler. Its tools send the same request upstream by
// fetch and return the response unchecked.
import { createServer } from "node:http"
import { createMcpHandler, Server } from "@modelcontextprotocol/server"

const upstream = process.env.SEQUENTUM_API_URL
const paths = {
  get_run_status: "/api/v1/agent/7/run/90/status",
  list_agents: "/api/v1/agent/all?pageIndex=1&recordsPerPage=50"
}

const { fetch: handle } = createMcpHandler(() => {
  const server = new Server({ name: "bare", version: "1" }, { capabilities: { tools: {} } })
  server.setRequestHandler("tools/call", async ({ params }) => {
    const answer = await fetch(`${upstream}${paths[params.name]}`, { headers: { authorization: "Bearer bench" } })
    const value = await answer.json()
    return { content: [{ type: "text", text: JSON.stringify(value) }], structuredContent: value }
  })
  return server
})

const server = createServer(async (incoming, outgoing) => {
  const chunks = []
  for await (const chunk of incoming) chunks.push(chunk)
  const request = new Request(`http://localhost${incoming.url}`, {
    method: incoming.method,
    headers: incoming.headers,
    body: Buffer.concat(chunks)
  })
  const response = await handle(request)
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  outgoing.end(Buffer.from(await response.arrayBuffer()))
})
server.listen(0, "127.0.0.1", () => process.stdout.write(`http://127.0.0.1:${server.address().port}\n`))
