import type { Cell, Row } from "./datasets.ts"
import { makeRows } from "./datasets.ts"
import type { Agent, Run, World } from "./state.ts"
import { isEnded, iso, Status } from "./state.ts"

/** The API's numbers for file types. */
const FileType = { delivered: 1, trackingDb: 5, logText: 6, logHtml: 7 } as const

export interface File {
  readonly id: number
  readonly name: string
  readonly fileType: number
  readonly contentType: string
  readonly created: number
  readonly bytes: () => Uint8Array
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

/** The records that a run exported. */
export const runRows = (agent: Agent, run: Run): ReadonlyArray<Row> =>
  agent.profile.dataset === null || run.frozen === null
    ? []
    : makeRows(agent.profile.dataset, agent.id, run.id, run.frozen.exportCount, run.options.inputs)

const levels = ["Fatal", "Error", "Warning", "Info"]

const logLines = (agent: Agent, run: Run): ReadonlyArray<string> => {
  const from = run.startedAt ?? run.created
  const until = run.endedAt ?? from
  const pages = run.frozen?.pageCount ?? 0
  const errors = run.frozen?.errorCount ?? 0
  const moment = (share: number) => from + Math.round((until - from) * share)
  const url = agent.startUrl ?? "(no start URL)"
  const failed = run.status === Status.failure || run.status === Status.failed
  const lines: ReadonlyArray<readonly [number, string, string]> = [
    [0, "Info", `Run ${run.id} of agent "${agent.name}" version ${run.configVersion} started on ${run.server}.`],
    ...Object.entries(run.options.inputs).map(
      ([name, value]) => [0, "Info", `Input parameter ${name} = ${JSON.stringify(value)}`] as const
    ),
    ...Array.from(
      { length: Math.min(pages, 40) },
      (_, page) => [0.05 + (0.85 * page) / Math.min(pages, 40), "Info", `Page ${page + 1} loaded: ${url}`] as const
    ),
    ...Array.from(
      { length: failed ? 0 : errors },
      (_, error) => [0.9, "Error", `Page ${pages + error + 1} returned HTTP 500 and was left out.`] as const
    ),
    ...(failed ? [[0.95, "Error", run.message ?? "The run failed."] as const] : []),
    [
      1,
      failed ? "Fatal" : "Info",
      failed
        ? "The run ended in failure."
        : `The run ended: ${run.frozen?.dataCount ?? 0} records extracted, ${run.frozen?.exportCount ?? 0} exported.`
    ]
  ]
  return lines
    .filter(([, level]) => levels.indexOf(level) <= levels.indexOf(run.options.logLevel))
    .map(([share, level, text]) => `${iso(moment(share))} [${level}] ${text}`)
}

const escapeHtml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

/** The files of a run: none before it ends or after they are removed. Their content is made on demand. */
export const filesOf = (world: World, run: Run): ReadonlyArray<File> => {
  const agent = world.agents.get(run.agentId)
  if (agent === undefined || run.filesRemoved || run.startedAt === null || !isEnded(run.status)) return []
  const stem = `${agent.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}_${run.id}`
  const file = (slot: number, name: string, fileType: number, contentType: string, text: () => string): File => ({
    id: run.id * 10 + slot,
    name,
    fileType,
    contentType,
    created: run.endedAt ?? run.created,
    bytes: () => encoder.encode(text())
  })
  const hasData = (run.frozen?.exportCount ?? 0) > 0
  return [
    ...(hasData
      ? [
          file(1, `${stem}.csv`, FileType.delivered, "text/csv; charset=utf-8", () => toCsv(runRows(agent, run))),
          file(2, `${stem}.json`, FileType.delivered, "application/json; charset=utf-8", () =>
            JSON.stringify(runRows(agent, run), null, 2)
          )
        ]
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
    file(6, `${stem}.log`, FileType.logText, "text/plain; charset=utf-8", () => `${logLines(agent, run).join("\n")}\n`),
    ...(run.options.logMode === "TextAndHtml"
      ? [
          file(
            7,
            `${stem}_log.html`,
            FileType.logHtml,
            "text/html; charset=utf-8",
            () =>
              `<!doctype html><title>Run ${run.id}</title><pre>${escapeHtml(logLines(agent, run).join("\n"))}</pre>\n`
          )
        ]
      : [])
  ]
}
