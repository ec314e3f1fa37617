import type * as HttpClient from "@effect/platform/HttpClient"
import * as Layer from "effect/Layer"
import type { Settings } from "../config.ts"
import { TokenProof } from "../http/admission/TokenProof.ts"
import type { ServerServices } from "../mcp/handlers.ts"
import type { Upstream } from "../sequentum/client/Upstream.ts"
import { Tokens } from "../sequentum/Tokens.ts"
import { clientLayer, requestLayer } from "./layers.ts"

/** The services that the endpoint needs: those of requests, and the proof of tokens, over one client. */
export const endpointLayer = (
  settings: Settings,
  upstream: Layer.Layer<Upstream, never, HttpClient.HttpClient>
): Layer.Layer<ServerServices | TokenProof> => {
  const client = clientLayer(settings, upstream)
  return Layer.merge(
    requestLayer(settings, client),
    TokenProof.layer(settings).pipe(Layer.provide(Tokens.Default), Layer.provide(client))
  )
}
