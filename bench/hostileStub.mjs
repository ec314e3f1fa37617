// A fake Sequentum whose runs have hostile files: agent 1 a small one, the others what `files` says.
import { createServer } from "node:http"
import { gzipSync } from "node:zlib"
import { agents } from "./stubAgents.mjs"

const run = (agentId, id) => ({
  id,
  configId: agentId,
  configName: `Agent ${agentId}`,
  status: 10,
  startTime: "2026-03-01T06:00:00Z",
  dataCount: 120,
  exportCount: 120
})

const table = (newer) =>
  Buffer.from(
    `id,name,url,category,price,stock,seen\n${Array.from({ length: 100_000 }, (_, index) => {
      const row = index + newer * 1000
      return `${row},"Product ${row}, large",https://shop.example/p/${row},category ${row % 40},${((row * 7919 + (row % 10 === 0 ? newer : 0)) % 100_000) / 100},${row % 17},2026-03-01\n`
    }).join("")}`
  )
const wide = Buffer.from(
  `${Array.from({ length: 20_000 }, (_, index) => `c${index}`).join(",")}\n${`${Array(20_000).fill("1").join(",")}\n`.repeat(20)}`
)
const brackets = Buffer.alloc(2_000_000, "[")

/** Writes the same piece for ever, as fast as it is read. */
const endless = (piece) => (response) => {
  const write = () => {
    while (!response.destroyed) if (!response.write(piece)) return void response.once("drain", write)
  }
  write()
}
const crawling = (response) => {
  const timer = setInterval(() => response.write("a"), 1000)
  response.once("close", () => clearInterval(timer))
}
const whole = (bytes) => (response) => response.end(bytes)

/** Agents: the name of the file, and how it is answered. */
const files = {
  1: ["small.csv", whole(Buffer.from("a,b\n1,x\n2,y\n"))],
  2: ["table.csv", (response, runId) => response.end(runId === 90 ? tables[1] : tables[0])],
  3: ["wide.csv", whole(wide)],
  4: ["brackets.json", whole(brackets)],
  5: ["brackets.json.gz", whole(gzipSync(brackets))],
  6: ["endless.csv", endless(Buffer.from("1,2,3,some text that goes on\n".repeat(2000)))],
  7: ["crawling.csv", crawling],
  8: ["endless.log", endless(Buffer.from("2026-03-01 [Error] It goes on and on\n".repeat(2000)))],
  9: ["endless.json", endless(Buffer.from('{"a":[1,2,{"b":"text"}],"c":null}\n'.repeat(2000)))],
  10: ["cell.csv", endless(Buffer.alloc(65_536, "x"))]
}
const tables = [table(0), table(1)]

const server = createServer((request, response) => {
  request.resume()
  const [, agentId, path = ""] = /\/agent\/(\d+)(\/.*)?$/u.exec(request.url ?? "") ?? []
  const [name, send] = files[agentId] ?? ["none.csv", whole("a\n")]
  const json = (value) => {
    response.setHeader("content-type", "application/json")
    response.end(typeof value === "string" ? value : JSON.stringify(value))
  }
  const download = /^\/file\/(\d+)\/(\d+)$/u.exec(request.url ?? "")
  if (download !== null) {
    response.setHeader("content-type", "application/octet-stream")
    return void files[download[1]]?.[1](response, Number(download[2]))
  }
  if (request.url?.includes("/agent/all")) return json(agents)
  if (/^\/runs/u.test(path)) return json([run(Number(agentId), 90), run(Number(agentId), 89)])
  const [, runId] = /^\/run\/(\d+)/u.exec(path) ?? []
  if (path.endsWith("/files")) return json([{ id: 5, name, fileType: name.endsWith(".log") ? 6 : 1 }])
  if (path.endsWith("/download")) {
    response.writeHead(302, { location: `http://127.0.0.1:${server.address().port}/file/${agentId}/${runId}` })
    return void response.end()
  }
  if (runId !== undefined) return json(run(Number(agentId), Number(runId)))
  json([])
})
server.listen(0, "127.0.0.1", () => process.stdout.write(`http://127.0.0.1:${server.address().port}\n`))
