import { randomInt } from "node:crypto"
import type { JSONRPCResponse, RequestId } from "@modelcontextprotocol/server"

/** Who may reach a call under way by a request of its own: the same caller, in the same session. */
export interface Party {
  /** A keyed hash of the token. */
  readonly account: string
  readonly session: string
}

/** A call under way that its client can cancel, and that can ask its client. */
export interface Call {
  readonly cancel: () => void
}

/** Takes the answer to a question, under the id that the question had. */
export type OnAnswer = (answer: JSONRPCResponse) => void

/** The calls of the older era that are under way in this process, and the questions that they ask their clients. */
export interface CallsInFlight {
  /** Adds a call until the returned function is called. Several calls may have the same id. */
  readonly add: (party: Party, id: RequestId, call: Call) => () => void
  readonly cancel: (party: Party, id: RequestId) => void
  /** Adds a question until it is answered or `close` is called. The result has the id to ask it by. */
  readonly ask: (party: Party, id: RequestId, onAnswer: OnAnswer) => { readonly id: number; readonly close: () => void }
  /** Hands an answer to the call that asked. An answer to no open question of this party is dropped. */
  readonly answer: (party: Party, answer: JSONRPCResponse) => void
  /** Cancels every call. */
  readonly cancelAll: () => void
}

const keyOf = ({ account, session }: Party, id: unknown) => JSON.stringify([account, session, id])

/** Ids of questions are random, so that no answer to an earlier process is mixed up with one to this. */
const maxQuestionId = 2 ** 48 - 1

export const makeCallsInFlight = (): CallsInFlight => {
  const calls = new Map<string, Set<Call>>()
  const questions = new Map<string, OnAnswer>()
  return {
    add: (party, id, call) => {
      const key = keyOf(party, id)
      const same = calls.get(key) ?? new Set()
      calls.set(key, same.add(call))
      return () => {
        same.delete(call)
        if (same.size === 0 && calls.get(key) === same) calls.delete(key)
      }
    },
    cancel: (party, id) => {
      for (const call of [...(calls.get(keyOf(party, id)) ?? [])]) call.cancel()
    },
    ask: (party, id, onAnswer) => {
      const questionId = randomInt(maxQuestionId)
      const key = keyOf(party, questionId)
      const close = () => void questions.delete(key)
      questions.set(key, (answer) => {
        close()
        onAnswer({ ...answer, id })
      })
      return { id: questionId, close }
    },
    answer: (party, answer) => questions.get(keyOf(party, answer.id))?.(answer),
    cancelAll: () => {
      for (const same of [...calls.values()]) for (const call of [...same]) call.cancel()
    }
  }
}
