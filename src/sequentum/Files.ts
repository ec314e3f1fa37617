import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { SequentumError } from "./errors.ts"
import { ServerFailure, UnexpectedResponse } from "./errors.ts"
import { rows, type AgentId, type FileId, type RunId } from "./schemas/common.ts"
import { RunFile } from "./schemas/RunFile.ts"
import { apiPath } from "./client/apiPath.ts"
import { SequentumClient } from "./client/SequentumClient.ts"
import { timedOut } from "./client/Upstream.ts"
import { clientFailure } from "./client/upstreamHttpClient.ts"

const RunFiles = rows(RunFile)

/** The files of a run. Every method fails with a SequentumError. */
export class Files extends Effect.Service<Files>()("sequentum/Files", {
  effect: Effect.gen(function* () {
    const client = yield* SequentumClient
    const timeout = client.requestTimeout
    // A signed URL is a secret: no span or trace header may carry it.
    const http = HttpClient.withTracerDisabledWhen(yield* HttpClient.HttpClient, () => true)

    const list = (agentId: AgentId, runId: RunId) =>
      client.get(apiPath("run")`/agent/${agentId}/run/${runId}/files`, RunFiles)

    const downloadPath = (agentId: AgentId, runId: RunId, fileId: FileId) =>
      apiPath("file")`/agent/${agentId}/run/${runId}/file/${fileId}/download`

    /** The temporary signed URL of a file, read from the redirect; the file itself is not fetched. */
    const downloadUrl = (agentId: AgentId, runId: RunId, fileId: FileId) =>
      client.redirect(downloadPath(agentId, runId, fileId))

    /**
     * The content of a file as it arrives, fetched from its signed URL without credentials. The download ends when the
     * stream is no longer read, or when nothing arrives within the request timeout.
     */
    const content = (agentId: AgentId, runId: RunId, fileId: FileId) =>
      Stream.unwrapScoped(
        Effect.gen(function* () {
          const line = { method: "GET" as const, ...downloadPath(agentId, runId, fileId) }
          const url = yield* downloadUrl(agentId, runId, fileId)
          const { status, stream } = yield* HttpClient.withScope(http)
            .execute(HttpClientRequest.get(url))
            .pipe(
              Effect.mapError((error) => clientFailure(error, line)),
              Effect.timeoutFail({ duration: timeout, onTimeout: () => timedOut(line, timeout) })
            )
          if (status >= 500) return yield* new ServerFailure({ ...line, status })
          if (status !== 200) {
            const problem = "a download address that does not serve the file"
            return yield* new UnexpectedResponse({ ...line, status, at: "", problem })
          }
          return stream.pipe(
            Stream.mapError((error): SequentumError => clientFailure(error, line)),
            Stream.timeoutFail(() => timedOut(line, timeout), timeout)
          )
        })
      )

    return { list, downloadUrl, content } as const
  })
}) {}
