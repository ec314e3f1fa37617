import { gzipSync } from "node:zlib"
import type { Body } from "./bigTable.ts"
import { bigRow, bigTable, fromBytes } from "./bigTable.ts"
import { project } from "./columns.ts"
import type { Cell, Row } from "./datasets.ts"
import { makeRows } from "./datasets.ts"
import { logText } from "./log.ts"
import { samples } from "./samples.ts"
import type { Agent, OutputKind, Run, World } from "./state.ts"
import { isEnded, iso } from "./state.ts"

/** The API's numbers for file types. */
const FileType = { delivered: 1, trackingDb: 5, logText: 6, logHtml: 7 } as const

export interface File {
  readonly id: number
  readonly name: string
  readonly fileType: number
  readonly contentType: string
  readonly contentEncoding: "gzip" | null
  readonly created: number
  readonly body: () => Body
}

const encoder = new TextEncoder()

const csvCell = (cell: Cell): string => {
  const text = cell === null ? "" : String(cell)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** CSV by RFC 4180, with a header line. */
export const toCsv = (rows: ReadonlyArray<Row>): string =>
  [Object.keys(rows[0] ?? {}).join(","), ...rows.map((row) => Object.values(row).map(csvCell).join(","))]
    .map((line) => `${line}\r\n`)
    .join("")

const dateOf = (run: Run): string => iso(run.endedAt ?? run.created).slice(0, 10)

/** The records that a run exported. */
export const runRows = (agent: Agent, run: Run): ReadonlyArray<Row> => {
  const { columns, dataset, output } = agent.profile
  if (dataset === null || run.frozen === null) return []
  const count = run.frozen.exportCount
  if (output === "index") return Array.from({ length: count }, (_, line) => bigRow(line, run.sequence, dateOf(run)))
  const rows = makeRows({
    dataset,
    agentId: agent.id,
    sequence: run.sequence,
    date: dateOf(run),
    count,
    inputs: run.options.inputs,
    only: run.plan.only
  })
  return columns === null ? rows : rows.map((row, index) => project(row, columns, agent.id, index))
}

/** The number of an item, the same in every run. */
const numberOf = (row: Row): number => Number(/\d+$/.exec(String(row["url"] ?? ""))?.[0] ?? 0)

const jsonLines = (rows: ReadonlyArray<Row>): string =>
  rows
    .map((row) => {
      const number = numberOf(row)
      return JSON.stringify({
        id: 40_000 + number,
        ...row,
        images: Array.from(
          { length: number % 4 },
          (_, image) => `https://market.example/image/${number}-${image + 1}.jpg`
        ),
        offers: [
          { seller: "Northpeak Shop", price: row["price"] ?? null },
          { seller: "Outlet, Lyon", price: 400 + ((number * 37) % 900) }
        ]
      })
    })
    .map((line) => `${line}\n`)
    .join("")

const decimalComma = (cell: Cell | undefined): string =>
  (typeof cell === "number" ? cell.toFixed(2) : "").replace(".", ",")

const semicolons = (rows: ReadonlyArray<Row>): string =>
  [
    '"Price, EUR";"Stock, pcs";Name;Number',
    ...rows.map((row) => {
      const number = numberOf(row)
      return `${decimalComma(row["price"])};${(number * 7) % 60};"${String(row["product"] ?? "")}";${number}`
    })
  ]
    .map((line) => `${line}\r\n`)
    .join("")

/** The ids are beyond 2^53, so they are written as text. */
const lots = (rows: ReadonlyArray<Row>): string => {
  const items = rows.map(
    (row) => `{"lotId":${String(9_007_199_254_740_993n + BigInt(numberOf(row)))},${JSON.stringify(row).slice(1)}`
  )
  return `{"total":${items.length},"currency":"EUR","items":[\n${items.join(",\n")}\n]}\n`
}

interface Data {
  readonly name: string
  readonly contentType: string
  readonly contentEncoding?: "gzip"
  readonly body: () => Body
}

const csvType = "text/csv; charset=utf-8"
const jsonType = "application/json; charset=utf-8"

const text = (content: string): Body => fromBytes(encoder.encode(content))

/** The data files of a run by the kind of its agent's output. */
const dataFiles: Readonly<Record<OutputKind, (agent: Agent, run: Run, stem: string) => ReadonlyArray<Data>>> = {
  tables: (agent, run, stem) => [
    { name: `${stem}.csv`, contentType: csvType, body: () => text(toCsv(runRows(agent, run))) },
    { name: `${stem}.json`, contentType: jsonType, body: () => text(JSON.stringify(runRows(agent, run), null, 2)) }
  ],
  jsonLines: (agent, run, stem) => [
    { name: `${stem}.jsonl`, contentType: "application/x-ndjson", body: () => text(jsonLines(runRows(agent, run))) }
  ],
  semicolons: (agent, run, stem) => [
    { name: `${stem}.csv`, contentType: csvType, body: () => text(semicolons(runRows(agent, run))) },
    {
      name: `${stem}.csv.gz`,
      contentType: "application/gzip",
      body: () => fromBytes(gzipSync(semicolons(runRows(agent, run))))
    }
  ],
  lots: (agent, run, stem) => [
    { name: `${stem}.json`, contentType: jsonType, body: () => text(lots(runRows(agent, run))) }
  ],
  index: (_, run, stem) => [
    {
      name: `${stem}.csv`,
      contentType: csvType,
      body: () => bigTable(run.frozen?.exportCount ?? 0, run.sequence, dateOf(run))
    }
  ],
  samples: () => samples.map((sample) => ({ ...sample, body: () => fromBytes(sample.bytes()) }))
}

const escapeHtml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

/** The ids of the first data files of a run lie beside those of its other files. There can be more of them than ids. */
const dataFileId = (run: Run, index: number): number => (index < 2 ? run.id * 10 + index + 1 : run.id * 1000 + index)

/** The files of a run: none before it ends or after they are removed. Their content is made on demand. */
export const filesOf = (world: World, run: Run): ReadonlyArray<File> => {
  const agent = world.agents.get(run.agentId)
  if (agent === undefined || run.filesRemoved || run.startedAt === null || !isEnded(run.status)) return []
  const stem = `${agent.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}_${run.id}`
  const created = run.endedAt ?? run.created
  const file = (slot: number, name: string, fileType: number, contentType: string, content: () => string): File => ({
    id: run.id * 10 + slot,
    name,
    fileType,
    contentType,
    contentEncoding: null,
    created,
    body: () => text(content())
  })
  const hasData = (run.frozen?.exportCount ?? 0) > 0
  return [
    ...(hasData
      ? dataFiles[agent.profile.output](agent, run, stem).map((data, index): File => ({
          contentEncoding: null,
          ...data,
          id: dataFileId(run, index),
          fileType: FileType.delivered,
          created
        }))
      : []),
    ...(hasData && agent.profile.updatesDataSet
      ? [
          file(
            5,
            `${stem}_tracking.db`,
            FileType.trackingDb,
            "application/octet-stream",
            () => `SQLite format 3\u0000\u0010\u0000\u0001\u0001\u0000${"\u0000".repeat(84)}`
          )
        ]
      : []),
    file(6, `${stem}.log`, FileType.logText, "text/plain; charset=utf-8", () => logText(agent, run)),
    ...(run.options.logMode === "TextAndHtml"
      ? [
          file(
            7,
            `${stem}_log.html`,
            FileType.logHtml,
            "text/html; charset=utf-8",
            () => `<!doctype html><title>Run ${run.id}</title><pre>${escapeHtml(logText(agent, run).trimEnd())}</pre>\n`
          )
        ]
      : [])
  ]
}
