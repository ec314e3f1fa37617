import type { FileTools } from "../../src/tools/catalog/files.ts"
import { reads, refusal, sandboxFile, sandboxRun, type Cases } from "./ToolCase.ts"

const run = { agentId: 7, runId: 90 }
const ids = { ...run, fileId: 5 }

/** The file in a result. */
const file = {
  fileId: 5,
  name: "books.csv",
  type: "DeliveredFile",
  sizeBytes: 2048,
  size: "2.0 KB",
  created: "2026-03-01T06:05:00Z"
}

const list = {
  request: "GET /agent/7/run/90/files",
  answer: {
    body: [{ id: 5, name: "books.csv", fileType: 1, fileSize: 2048, created: "2026-03-01T06:05:00Z" }]
  }
}

const address = "https://files.test/books.csv?signature=abc"

const download = {
  request: "GET /agent/7/run/90/file/5/download",
  answer: { status: 302, headers: { location: address }, body: "" }
}

export const fileCases: Cases<typeof FileTools> = {
  get_run_files: {
    annotations: reads,
    arguments: run,
    exchanges: [list],
    result: { files: [file] },
    refuses: [refusal({ ...run, agentId: 1.5 }, "agentId must be an integer of at least 1, but was 1.5.")],
    sandbox: [sandboxRun]
  },

  get_file_download_url: {
    annotations: reads,
    arguments: ids,
    exchanges: [download],
    result: { url: address },
    refuses: [refusal(run, "fileId is required: an integer of at least 1.")],
    sandbox: [sandboxFile]
  },

  preview_run_file: {
    annotations: reads,
    arguments: { ...ids, maxRows: 1 },
    exchanges: [
      list,
      download,
      {
        request: "GET /books.csv?signature=abc",
        answer: { headers: { "content-type": "text/csv" }, body: "title,price\nEmma,9.50\nDune,12.00\n" }
      }
    ],
    result: {
      ...file,
      format: "csv",
      columns: ["title", "price"],
      rows: [{ title: "Emma", price: "9.50" }],
      hasMoreRows: true,
      notice: "Shown: the first 1 rows. For more raise maxRows (at most 200) or use get_file_download_url."
    },
    refuses: [refusal({ ...ids, maxRows: 201 }, "maxRows must be an integer from 1 to 200, but was 201.")],
    sandbox: [{ ...sandboxFile, maxRows: 5 }]
  }
}
