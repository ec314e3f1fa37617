import * as Context from "effect/Context"

/** Whether a sandbox stands in the place of Sequentum. */
export class Sandboxed extends Context.Reference<Sandboxed>()("serve/Sandboxed", {
  defaultValue: () => false
}) {}
