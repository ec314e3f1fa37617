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

const content = {
  request: "GET /books.csv?signature=abc",
  answer: { headers: { "content-type": "text/csv" }, body: "title,price\nEmma,9.50\nDune,12.00\n" }
}

const runs = {
  request: "GET /agent/7/runs?maxRecords=50",
  answer: {
    body: [
      { id: 91, status: 1 },
      { id: 90, status: 10, exportCount: 2 }
    ]
  }
}

/** The same of the run before. */
const olderList = {
  request: "GET /agent/7/run/89/files",
  answer: { body: [{ id: 4, name: "books.csv", fileType: 1 }] }
}
const olderDownload = {
  request: "GET /agent/7/run/89/file/4/download",
  answer: { status: 302, headers: { location: "https://files.test/older.csv" }, body: "" }
}
const olderContent = {
  request: "GET /older.csv",
  answer: { body: "title,price\nEmma,9.00\nUlysses,8.00\n" }
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
    exchanges: [list, download, content],
    result: {
      ...file,
      format: "csv",
      columns: ["title", "price"],
      rows: [{ title: "Emma", price: "9.50" }],
      hasMoreRows: true,
      notice: "Shown: the first 1 rows. For more set offset to 1 or maxRows up to 200, or use get_file_download_url."
    },
    refuses: [
      refusal({ ...ids, maxRows: 201 }, "maxRows must be an integer from 1 to 200, but was 201."),
      refusal({}, "agentId is required: an integer of at least 1."),
      refusal({ agentId: 7, fileId: 5 }, "fileId needs the runId of its run."),
      refusal({ agentId: 7, agentIds: [7] }, "agentIds stands in place of agentId, runId and fileId: leave those out.")
    ],
    sandbox: [
      { ...sandboxFile, maxRows: 5 },
      { agentId: 4101, offset: 10, maxRows: 2, columns: ["title"], format: "csv" },
      { agentIds: [4101, 4102, 4303, 999_999] }
    ]
  },

  query_run_data: {
    annotations: reads,
    arguments: { sql: "SELECT title, price * 2 AS twice FROM data ORDER BY price DESC", tables: [{ agentId: 7 }] },
    exchanges: [runs, list, download, content],
    result: {
      columns: ["title", "twice"],
      types: ["TEXT", "REAL"],
      rows: [
        ["Dune", 24],
        ["Emma", 19]
      ],
      hasMoreRows: false,
      tables: [{ name: "data", agentId: 7, runId: 90, fileName: "books.csv", rowCount: 2 }]
    },
    refuses: [
      refusal({ tables: [{ agentId: 7 }] }, "sql is required: a text of 1 to 10000 characters, not blank."),
      refusal(
        { sql: "SELECT 1", tables: [] },
        "tables must be an array of 1 to 5 items, each item an object of name, agentId, runId, fileId, but was an array of 0 items."
      ),
      refusal(
        { sql: "SELECT 1", tables: [{ agentId: 7, runId: "x" }] },
        'tables[0].runId must be an integer of at least 1, but was "x".'
      ),
      refusal({ sql: "SELECT 1", tables: [{ name: "a" }] }, "tables[0].agentId is required: an integer of at least 1."),
      refusal(
        { sql: "SELECT 1", tables: [{ agentId: 7, run: 90 }] },
        "tables[0] must be an object of name, agentId, runId, fileId, but was an object."
      ),
      refusal({ sql: "SELECT 1", tables: [{ agentId: 7, fileId: 5 }] }, "tables: a fileId needs the runId of its run."),
      refusal(
        { sql: "SELECT 1", tables: [{ agentId: 7 }, { agentId: 8, name: "DATA" }] },
        'tables must have different names, but two are "DATA": give each its own name.'
      )
    ],
    sandbox: [
      {
        sql: "SELECT b.title FROM data b LEFT JOIN old o ON o.title = b.title WHERE o.title IS NULL",
        tables: [{ agentId: 4101 }, { ...sandboxFile, name: "old" }]
      }
    ]
  },

  compare_run_data: {
    annotations: reads,
    arguments: { agentId: 7, olderRunId: 89, newerRunId: 90 },
    exchanges: [olderList, list, olderDownload, olderContent, download, content],
    result: {
      runs: [
        { runId: 89, rowCount: 2 },
        { runId: 90, rowCount: 2 }
      ],
      key: ["title"],
      columns: ["title", "price"],
      added: 1,
      removed: 1,
      changed: 1,
      addedRows: [["Dune", "12.00"]],
      removedRows: [["Ulysses", "8.00"]],
      changes: [["Emma", "price", "9.00", "9.50"]]
    },
    refuses: [refusal({}, "agentId is required: an integer of at least 1.")],
    sandbox: [{ agentId: 4101 }, { agentId: 4102, maxRows: 3 }]
  },

  read_run_log: {
    annotations: reads,
    arguments: { agentId: 7, runId: 92, lines: 2, level: "Warning" },
    exchanges: [
      { request: "GET /agent/7/run/92/files", answer: { body: [{ id: 6, name: "books.log", fileType: 6 }] } },
      {
        request: "GET /agent/7/run/92/file/6/download",
        answer: { status: 302, headers: { location: "https://files.test/books.log" }, body: "" }
      },
      {
        request: "GET /books.log",
        answer: { body: "1 [Error] Gone\n2 [Info] Page\n3 [Warning] Slow\n  after 9 s\n4 [Info] Done\n" }
      }
    ],
    result: {
      runId: 92,
      lines: ["3 [Warning] Slow", "  after 9 s"],
      matchingLines: 3,
      totalLines: 5,
      notice: "1 earlier lines match: raise lines, or narrow level or contains."
    },
    refuses: [
      refusal({ ...run, level: "Debug" }, 'level must be one of "Fatal", "Error", "Warning", "Info", but was "Debug".')
    ],
    sandbox: [{ agentId: 4101 }, { ...sandboxRun, level: "Error", contains: "page", lines: 5 }]
  }
}
