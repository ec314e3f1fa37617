import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { Credentials } from "../../src/sequentum/Credentials.ts"

/** No error may repeat this key. */
export const secretKey = "sk-0123456789abcdef"

export const keyCaller = Credentials.of({ scheme: "ApiKey", secret: Redacted.make(secretKey) })

export const asCaller = Effect.provideService(Credentials, keyCaller)
