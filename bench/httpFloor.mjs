// The floor of the benchmark of the endpoint: plain node:http. It sends the same request upstream by fetch and wraps the
// response, without the SDK and without any check.
import { createServer } from "node:http"

const upstream = process.env.SEQUENTUM_API_URL
const paths = {
  get_run_status: "/api/v1/agent/7/run/90/status",
  list_agents: "/api/v1/agent/all?pageIndex=1&recordsPerPage=50"
}

const server = createServer(async (incoming, outgoing) => {
  const chunks = []
  for await (const chunk of incoming) chunks.push(chunk)
  const { id, params } = JSON.parse(Buffer.concat(chunks).toString("utf8"))
  const answer = await fetch(`${upstream}${paths[params.name]}`, { headers: { authorization: "Bearer bench" } })
  const value = await answer.json()
  const result = { content: [{ type: "text", text: JSON.stringify(value) }], structuredContent: value }
  outgoing.writeHead(200, { "content-type": "application/json" })
  outgoing.end(JSON.stringify({ jsonrpc: "2.0", id, result }))
})
server.listen(0, "127.0.0.1", () => process.stdout.write(`http://127.0.0.1:${server.address().port}\n`))
