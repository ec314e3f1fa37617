import { gzipSync } from "node:zlib"

/** A file of a run that shows one format. */
export interface Sample {
  readonly name: string
  readonly contentType: string
  readonly contentEncoding?: "gzip"
  readonly bytes: () => Uint8Array
}

const encoder = new TextEncoder()

const text = (name: string, contentType: string, content: string): Sample => ({
  name,
  contentType,
  bytes: () => encoder.encode(content)
})

const csv = (name: string, content: string) => text(name, "text/csv", content)
const json = (name: string, content: string) => text(name, "application/json", content)

const names = ["lamp", "desk", "chair", "stool", "shelf", "bench", "rug", "mirror", "vase", "clock"]

const plainCsv = ["id,name,price", ...names.map((name, index) => `${index + 1},${name},${index * 7 + 5}`)]
  .map((line) => `${line}\r\n`)
  .join("")

const utf16 = (content: string): Uint8Array => Buffer.from(content, "utf16le")

const errorPage =
  '<!DOCTYPE html>\n<html lang="en"><head><title>503 Service Unavailable</title></head>\n<body><h1>Service Unavailable</h1><p>The server is temporarily unable to service your request.</p></body></html>\n'

/** Files of the formats that agents have delivered, also broken ones. */
export const samples: ReadonlyArray<Sample> = [
  json("nested-lists.json", '{"id":1,"tags":["a","b"],"name":"lamp"}\n{"id":2,"tags":[],"name":"desk"}\n'),
  text(
    "nested-lists.jsonl",
    "application/x-ndjson",
    '{"id":1,"tags":["a","b"],"name":"lamp"}\n{"id":2,"tags":[],"name":"desk"}\n'
  ),
  json("one-record.json", '{"id":1,"images":["a.png","b.png"],"name":"lamp"}\n'),
  json("one-list.json", '{"total":2,"items":[{"id":1,"name":"lamp"},{"id":2,"name":"desk"}]}\n'),
  text("lists.jsonl", "application/x-ndjson", '[1,"a"]\n[2,"b"]\n'),
  json("big-numbers.json", '[{"id":12345678901234567890,"n":"a"},{"id":1e400,"n":"b"}]\n'),
  json("cut-off.json", '[{"id":1,"name":"lamp"},{"id":2,"name":"desk"},{"id":'),
  csv("same-headers.csv", "name,price,price\r\nlamp,10,12\r\ndesk,90,85\r\n"),
  csv("ragged-rows.csv", "id,name\r\n1,lamp,RED,XL\r\n2\r\n3,desk\r\n"),
  csv("semicolons.csv", '"Price, EUR";"Stock, pcs";Name\r\n1;2;lamp\r\n12;0;desk\r\n'),
  text("commas.tsv", "text/tab-separated-values", "title, with, commas\tprice\r\nx\t5\r\ny, z\t6\r\n"),
  csv("only-a-header.csv", "a,b,c\r\n"),
  {
    name: "utf-16.csv",
    contentType: "text/csv",
    bytes: () => utf16("\uFEFFid,name\r\n1,Lampe für Küche\r\n2,Bücherregal\r\n")
  },
  {
    name: "utf-16-without-mark.csv",
    contentType: "text/csv",
    bytes: () => utf16("id,name\r\n1,Lampe\r\n2,Tisch\r\n")
  },
  text("error-page.csv", "text/html", errorPage),
  { name: "compressed.csv.gz", contentType: "application/gzip", bytes: () => gzipSync(plainCsv) },
  { name: "encoded.csv", contentType: "text/csv", contentEncoding: "gzip", bytes: () => gzipSync(plainCsv) }
]
