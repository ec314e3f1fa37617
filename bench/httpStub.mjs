// A fake Sequentum: it answers the two requests of the benchmark immediately, with constant data.
import { createServer } from "node:http"

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
const agents = JSON.stringify({
  agents: Array.from({ length: 50 }, (_, index) => ({
    id: index + 1,
    name: `Agent ${index + 1}`,
    description: "Reads a catalogue: title, price and stock.",
    configType: 1,
    spaceId: 3,
    status: 10,
    version: 4,
    isActive: true,
    lastActivity: "2026-03-01T06:00:00Z"
  })),
  totalRecordCount: 50
})

const server = createServer((request, response) => {
  request.resume()
  response.setHeader("content-type", "application/json")
  response.end(request.url?.includes("/agent/all") ? agents : run)
})
server.listen(0, "127.0.0.1", () => process.stdout.write(`http://127.0.0.1:${server.address().port}\n`))
