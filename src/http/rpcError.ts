import * as HttpServerResponse from "@effect/platform/HttpServerResponse"

/** The codes of this server's own JSON-RPC errors. */
export const rpcCodes = {
  refused: -32000,
  unauthorized: -32001,
  rateLimited: -32029,
  parse: -32700,
  invalidRequest: -32600,
  internal: -32603
} as const

/** A response with a JSON-RPC error that belongs to no request id. */
export const rpcError = (
  status: number,
  code: number,
  message: string,
  headers: Readonly<Record<string, string>> = {}
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.unsafeJson({ jsonrpc: "2.0", error: { code, message }, id: null }, { status, headers })
