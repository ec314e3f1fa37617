import * as Context from "effect/Context"

/** Whether anybody still waits for the result of a call. Once nobody does, no write is sent any more. */
export class Recipient extends Context.Reference<Recipient>()("sequentum/Recipient", {
  defaultValue: () => ({ isGone: (): boolean => false })
}) {}
