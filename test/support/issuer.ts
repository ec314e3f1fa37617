import type { IncomingMessage, ServerResponse } from "node:http"
import * as Effect from "effect/Effect"
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from "jose"
import { localServer, portOf } from "./localServer.ts"

/** A key pair with a name. */
export const keyPair = (kid: string, alg = "RS256") =>
  Effect.promise(async () => {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
    return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } }
  })

export type KeyPair = Effect.Effect.Success<ReturnType<typeof keyPair>>

interface Header {
  readonly kid?: string
  readonly alg?: string
}

/** A JWT, signed by a key or a secret. Without `exp` it does not expire. */
export const signed = (key: KeyPair | CryptoKey | Uint8Array, claims: JWTPayload, header: Header = {}) =>
  Effect.promise(() => {
    const named = "kid" in key ? { kid: key.kid, alg: key.alg } : { alg: "RS256" }
    return new SignJWT(claims)
      .setProtectedHeader({ ...named, ...header })
      .sign("privateKey" in key ? key.privateKey : key)
  })

/** Writes a response. Returns nothing to leave a request unanswered. */
type Answer = (request: IncomingMessage, response: ServerResponse) => unknown

const json = (response: ServerResponse, status: number, body: unknown) =>
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))

export const status =
  (code: number): Answer =>
  (_, response) =>
    json(response, code, code === 200 ? [] : {})

export const silence: Answer = () => undefined

export const hangUp: Answer = (request) => request.socket.destroy()

/**
 * Stands in for Sequentum: an authorization server with keys, and an API. Each part can be replaced while it runs; each
 * request is counted by its path.
 */
export const issuer = (keys: ReadonlyArray<KeyPair> = []) =>
  Effect.gen(function* () {
    const requests: Array<string> = []
    const { server } = yield* localServer((request, response) => {
      const path = (request.url ?? "").split("?", 1)[0] ?? ""
      requests.push(path)
      const part =
        path === "/.well-known/oauth-authorization-server" ? parts.metadata : path === "/jwks" ? parts.jwks : parts.api
      part(request, response)
    })
    const url = `http://127.0.0.1:${portOf(server)}`
    const parts: { metadata: Answer; jwks: Answer; api: Answer; keys: ReadonlyArray<KeyPair> } = {
      keys,
      metadata: (_, response) => json(response, 200, { issuer: url, jwks_uri: `${url}/jwks` }),
      jwks: (_, response) => json(response, 200, { keys: parts.keys.map(({ jwk }) => jwk) }),
      api: status(401)
    }
    const count = (path: string) => requests.filter((sent) => sent === path).length
    return {
      url,
      parts,
      requests,
      /** How often a token was asked about, and how often the keys were read. */
      asked: () => count("/api/v1/spaces"),
      readings: () => count("/jwks")
    }
  })

/** Answers the API by the bearer token of the request; 401 for any other. */
export const byToken =
  (answers: Readonly<Record<string, Answer>>): Answer =>
  (request, response) =>
    (answers[(request.headers.authorization ?? "").replace(/^Bearer /u, "")] ?? status(401))(request, response)
