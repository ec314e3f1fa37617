import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import { makeLabels } from "../../runtime/metricLabels.ts"

/** How many failures in a row, of more than one call, open the breaker. */
const maxFailures = 5

const firstPause = 10_000
const maxPause = 60_000

/** What a request is told while a probe is under way: when to ask again. */
const probePause = 5000

const open = Metric.gauge("sequentum_breaker_open", {
  description: "1 while requests to a host are refused here, since it failed several times in a row"
})
const openLabels = makeLabels("host")

/**
 * Keeps requests from a host that fails. After 5 connection failures or 5xx in a row, of more than one call, nothing is
 * sent for 10 s; then one probe at a time. Each failed probe doubles the pause, up to 60 s. The first answer closes it.
 * Times are milliseconds of monotonic time.
 */
export interface BreakerService {
  /** The time until a request may be sent: 0 if it may be sent now. */
  readonly pause: (now: number) => number
  /** Notes that a request is sent. True if it is the probe; then `probed` must follow. */
  readonly enter: () => boolean
  /** The host has answered. */
  readonly succeeded: () => void
  /** The host has failed. `call` stands for the call that the request was made for. */
  readonly failed: (now: number, call: object, isProbe: boolean) => void
  /** The probe has ended, however it did. */
  readonly probed: () => void
}

export const make = (host: string): BreakerService => {
  let failures = 0
  let firstCall: object | undefined
  let isOfSeveral = false
  let isOpen = false
  let openUntil = 0
  let pauseMillis = firstPause
  let isProbing = false

  const report = () => open.unsafeUpdate(isOpen ? 1 : 0, openLabels(host))
  report()

  const openFor = (now: number, millis: number) => {
    isOpen = true
    isProbing = false
    pauseMillis = millis
    openUntil = now + millis
    report()
  }

  return {
    pause: (now) => {
      if (!isOpen) return 0
      if (now < openUntil) return openUntil - now
      return isProbing ? probePause : 0
    },
    enter: () => {
      isProbing ||= isOpen
      return isOpen
    },
    succeeded: () => {
      failures = 0
      if (!isOpen) return
      isOpen = false
      isProbing = false
      report()
    },
    failed: (now, call, isProbe) => {
      if (isOpen) {
        if (isProbe) openFor(now, Math.min(pauseMillis * 2, maxPause))
        return
      }
      if (failures === 0) {
        firstCall = call
        isOfSeveral = false
      }
      failures += 1
      isOfSeveral ||= call !== firstCall
      if (failures >= maxFailures && isOfSeveral) openFor(now, firstPause)
    },
    probed: () => {
      isProbing = false
    }
  }
}

/** The breaker of the Sequentum host. */
export class Breaker extends Context.Tag("sequentum/Breaker")<Breaker, BreakerService>() {
  static readonly layer = (host: string): Layer.Layer<Breaker> =>
    Layer.effect(
      Breaker,
      Effect.sync(() => make(host))
    )
}
