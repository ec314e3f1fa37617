import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Stream from "effect/Stream"
import { createHmac, timingSafeEqual } from "node:crypto"
import type { File } from "./files.ts"

/** How long a signed URL is valid, in milliseconds. The sandbox's own choice. */
const urlLifetime = 15 * 60_000

export interface Signed {
  readonly accountId: string
  readonly runId: number
  readonly fileId: number
  readonly name: string
}

const digest = (secret: string, file: Signed, expires: string): Buffer =>
  createHmac("sha256", secret)
    .update(JSON.stringify([file.accountId, file.runId, file.fileId, file.name, expires]))
    .digest()

/** Path and query of a temporary URL of a file. Anyone who has the URL can download the file. */
export const sign = (secret: string, file: Signed, now: number): string => {
  const expires = String(Math.floor((now + urlLifetime) / 1000))
  const signature = digest(secret, file, expires).toString("hex")
  const path = [file.accountId, file.runId, file.fileId, file.name].map(encodeURIComponent).join("/")
  return `/files/${path}?expires=${expires}&signature=${signature}`
}

/** Whether the signature is valid and the URL has not expired. */
export const verify = (secret: string, file: Signed, expires: string, signature: string, now: number): boolean => {
  const given = Buffer.from(signature, "hex")
  const expected = digest(secret, file, expires)
  return given.length === expected.length && timingSafeEqual(given, expected) && now < Number(expires) * 1000
}

/** The range of `size` bytes that a Range header requests: null for all, "none" if the range is outside the file. */
export const byteRange = (
  header: string | undefined,
  size: number
): { readonly from: number; readonly to: number } | "none" | null => {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "")
  const [first, last] = [match?.[1] ?? "", match?.[2] ?? ""]
  if (first === "" && last === "") return null
  if (first === "") {
    const length = Math.min(Number(last), size)
    return length === 0 ? "none" : { from: size - length, to: size - 1 }
  }
  const from = Number(first)
  const to = last === "" ? size - 1 : Math.min(Number(last), size - 1)
  if (last !== "" && Number(last) < from) return null
  return from >= size ? "none" : { from, to }
}

/** A longer content is streamed. */
const maxBufferedBytes = 1024 * 1024

/** The file, whole or in part (RFC 9110, single ranges only). */
export const respond = (file: File, range: string | undefined): HttpServerResponse.HttpServerResponse => {
  const body = file.body()
  const wanted = byteRange(range, body.size)
  if (wanted === "none") {
    return HttpServerResponse.empty({ status: 416, headers: { "content-range": `bytes */${body.size}` } })
  }
  const [from, to] = wanted === null ? [0, body.size - 1] : [wanted.from, wanted.to]
  const options = {
    status: wanted === null ? 200 : 206,
    headers: {
      "accept-ranges": "bytes",
      "content-disposition": `attachment; filename="${file.name}"`,
      ...(file.contentEncoding === null ? {} : { "content-encoding": file.contentEncoding }),
      ...(wanted === null ? {} : { "content-range": `bytes ${from}-${to}/${body.size}` })
    },
    contentType: file.contentType
  }
  const pieces = body.read(from, to)
  return to - from < maxBufferedBytes
    ? HttpServerResponse.uint8Array(Buffer.concat([...pieces]), options)
    : HttpServerResponse.stream(Stream.fromIterable(pieces), { ...options, contentLength: to - from + 1 })
}
