import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { SequentumError } from "./errors.ts"
import { ServerFailure, UnexpectedResponse } from "./errors.ts"
import type { AgentId, FileId, RunId } from "./schemas/common.ts"
import { RunFile } from "./schemas/RunFile.ts"
import { apiPath, SequentumClient } from "./client/SequentumClient.ts"
import { timedOut } from "./client/Upstream.ts"
import { clientFailure } from "./client/upstreamHttpClient.ts"

const RunFiles = Schema.Array(RunFile)

/** The files of a run. Every method fails with a SequentumError. */
export class Files extends Effect.Service<Files>()("sequentum/Files", {
  effect: Effect.gen(function* () {
    const client = yield* SequentumClient
    const limit = client.requestTimeout
    // A signed URL is a secret: no span or trace header may carry it.
    const http = HttpClient.withTracerDisabledWhen(yield* HttpClient.HttpClient, () => true)

    const list = (agentId: AgentId, runId: RunId) => client.get(apiPath`/agent/${agentId}/run/${runId}/files`, RunFiles)

    /** The temporary signed URL of a file, read from the redirect; the file itself is not fetched. */
    const downloadUrl = (agentId: AgentId, runId: RunId, fileId: FileId) =>
      client.redirect(apiPath`/agent/${agentId}/run/${runId}/file/${fileId}/download`)

    /**
     * The content of a file as it arrives, fetched from its signed URL without credentials. The download ends when the
     * stream is no longer read, or when nothing comes for as long as a request may take.
     */
    const content = (agentId: AgentId, runId: RunId, fileId: FileId) =>
      Stream.unwrapScoped(
        Effect.gen(function* () {
          const at = {
            method: "GET" as const,
            path: apiPath`/agent/${agentId}/run/${runId}/file/${fileId}/download`
          }
          const url = yield* downloadUrl(agentId, runId, fileId)
          const response = yield* HttpClient.withScope(http)
            .execute(HttpClientRequest.get(url))
            .pipe(
              Effect.mapError((error) => clientFailure(error, at)),
              Effect.timeoutFail({ duration: limit, onTimeout: () => timedOut(at, limit) })
            )
          if (response.status >= 500) return yield* new ServerFailure({ ...at, status: response.status })
          if (response.status !== 200) {
            return yield* new UnexpectedResponse({
              ...at,
              status: response.status,
              at: "",
              problem: "a download address that does not serve the file"
            })
          }
          return response.stream.pipe(
            Stream.mapError((error): SequentumError => clientFailure(error, at)),
            Stream.timeoutFail(() => timedOut(at, limit), limit)
          )
        })
      )

    return { list, downloadUrl, content } as const
  })
}) {}
