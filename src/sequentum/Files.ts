import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Credentials } from "./Credentials.ts"
import { timeLeft } from "./Deadline.ts"
import {
  DownloadRefused,
  meaningOf,
  type ConnectionFailed,
  type SequentumError,
  type UnexpectedResponse
} from "./errors.ts"
import { rows, type AgentId, type FileId, type RunId } from "./schemas/common.ts"
import { RunFile } from "./schemas/RunFile.ts"
import { apiPath } from "./client/apiPath.ts"
import { acceptEncoding, maxFileBytes, tooLarge, unpackFile } from "./client/bodies.ts"
import { privateAddressCode, privateAddressProblem } from "./client/downloadAddress.ts"
import { HostNames } from "./client/HostNames.ts"
import { SequentumClient } from "./client/SequentumClient.ts"
import { timedOut, unusable, type RequestLine } from "./client/Upstream.ts"
import { clientFailure } from "./client/upstreamHttpClient.ts"

const RunFiles = rows(RunFile)

/** What a call keeps for itself of its time, to answer after a download that took all of it. */
const answerTime = Duration.millis(500)

const notPublic = (line: RequestLine) => unusable(line, 302, privateAddressProblem)

/** Whether the content of a file has more than may be read, unpacked. */
export const isTooLarge = (error: SequentumError): boolean =>
  error._tag === "UnexpectedResponse" && error.problem === tooLarge(maxFileBytes)

/** The files of a run. Every method fails with a SequentumError. */
export class Files extends Effect.Service<Files>()("sequentum/Files", {
  effect: Effect.gen(function* () {
    const client = yield* SequentumClient
    const { addressesOf } = yield* HostNames
    // A signed URL is a secret: no span or trace header may carry it.
    const http = HttpClient.withTracerDisabledWhen(yield* HttpClient.HttpClient, () => true)

    const list = (agentId: AgentId, runId: RunId) =>
      client.get(apiPath("run")`/agent/${agentId}/run/${runId}/files`, RunFiles)

    const downloadPath = (agentId: AgentId, runId: RunId, fileId: FileId) =>
      apiPath("file")`/agent/${agentId}/run/${runId}/file/${fileId}/download`

    const isPublic = (line: RequestLine) => (url: URL) =>
      Effect.filterOrFail(
        addressesOf(url),
        (addresses) => addresses.every((address) => client.downloads.mayConnect(url.hostname, address)),
        () => notPublic(line)
      )

    /**
     * The temporary signed URL of a file, read from the redirect; the file itself is not fetched. It is handed on only
     * if nothing known of its host says that it is not public.
     */
    const downloadUrl = (agentId: AgentId, runId: RunId, fileId: FileId) => {
      const path = downloadPath(agentId, runId, fileId)
      return Effect.tap(client.redirect(path), isPublic({ method: "GET", ...path }))
    }

    /** What a download may take: it ends before the call does, so that the call can still answer. */
    const downloadLeft = Effect.map(timeLeft, (left) => Duration.subtract(left, answerTime))

    /** The limit for one step of a download: what is left of it, at most the request timeout. */
    const stepLimit = Effect.map(downloadLeft, (left) => Duration.min(left, client.requestTimeout))

    const refused = (line: RequestLine, error: ConnectionFailed) => {
      if (error.code === privateAddressCode) return notPublic(line)
      return meaningOf(error).retryable ? new DownloadRefused({ ...line, reason: error.code }) : error
    }

    /** Begins the download from an address. Fails with DownloadRefused if another address may help. */
    const open = (line: RequestLine, url: URL) =>
      Effect.flatMap(stepLimit, (limit) =>
        HttpClient.withScope(http)
          .execute(HttpClientRequest.get(url, { headers: { "accept-encoding": acceptEncoding } }))
          .pipe(
            Effect.mapError((error) => refused(line, clientFailure(error, line))),
            Effect.timeoutFail({ duration: limit, onTimeout: () => timedOut(line, limit) }),
            Effect.filterOrFail(
              ({ status }) => status === 200,
              ({ status }): DownloadRefused | UnexpectedResponse =>
                status < 400
                  ? unusable(line, status, "a download address that does not serve the file")
                  : new DownloadRefused({ ...line, reason: `status ${status}` })
            )
          )
      )

    /**
     * The content of a file as it arrives, unpacked, fetched from its signed URL without credentials. If that URL fails,
     * another one is asked for, once. The download ends when the stream is no longer read, when nothing arrives within
     * the request timeout, or when the call has no time left. Fails with UnexpectedResponse beyond 64 MiB.
     */
    const content = (
      agentId: AgentId,
      runId: RunId,
      fileId: FileId
    ): Stream.Stream<Uint8Array, SequentumError, Credentials> =>
      Stream.unwrapScoped(
        Effect.gen(function* () {
          const line: RequestLine = { method: "GET", ...downloadPath(agentId, runId, fileId) }
          const address = client.redirect(downloadPath(agentId, runId, fileId))
          const { headers, status, stream } = yield* open(line, yield* address).pipe(
            Effect.catchTag("DownloadRefused", () => Effect.flatMap(address, (another) => open(line, another)))
          )
          const limit = yield* stepLimit
          const left = yield* downloadLeft
          const bytes = stream.pipe(
            Stream.mapError((error): SequentumError => clientFailure(error, line)),
            Stream.timeoutFail(() => timedOut(line, limit), limit),
            unpackFile(headers["content-encoding"], (problem) => unusable(line, status, problem))
          )
          return Duration.isFinite(left) ? Stream.interruptWhen(bytes, Effect.delay(timedOut(line, left), left)) : bytes
        })
      )

    return { list, downloadUrl, content } as const
  })
}) {}
