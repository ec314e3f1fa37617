// A fake Sequentum: it answers the two requests of the benchmark immediately, with constant data.
import { createServer } from "node:http"
import { agents } from "./stubAgents.mjs"

const run = JSON.stringify({
  id: 90,
  configId: 7,
  configName: "Books catalogue",
  status: 1,
  startTime: "2026-03-01T06:00:00Z",
  dataCount: 120,
  pageCount: 40,
  errorCount: 0
})

const server = createServer((request, response) => {
  request.resume()
  response.setHeader("content-type", "application/json")
  response.end(request.url?.includes("/agent/all") ? agents : run)
})
server.listen(0, "127.0.0.1", () => process.stdout.write(`http://127.0.0.1:${server.address().port}\n`))
