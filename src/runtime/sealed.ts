import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

/** Length of a key in bytes. */
export const keyBytes = 32

const algorithm = "aes-256-gcm"
const ivBytes = 12
const tagBytes = 16

/** Turns values into texts that nobody else can read or make, and back. */
export interface Sealed<A> {
  /** The text has only letters, digits, `-` and `_`. */
  readonly seal: (value: A) => string
  /** The value; none for any text that was not sealed with this key and for this purpose. */
  readonly open: (text: string) => Option.Option<A>
}

/** Makes a Sealed for the values of a schema. A text of one purpose is never opened for another. */
export type Sealing = <A, I>(purpose: string, schema: Schema.Schema<A, I>) => Sealed<A>

/**
 * Seals with AES-256-GCM. Every process with the same key opens what another sealed; a key is good for 2^32 texts.
 * Without a key it makes one, which lives as long as the process.
 */
export const makeSealing = (key: Option.Option<Redacted.Redacted<Uint8Array>>): Sealing => {
  const secret = Option.match(key, { onNone: () => randomBytes(keyBytes), onSome: Redacted.value })

  return (purpose, schema) => {
    const json = Schema.parseJson(schema)
    const encode = Schema.encodeSync(json)
    const decode = Schema.decodeUnknownOption(json)
    // A purpose is authenticated, not part of the text.
    const label = Buffer.from(purpose)

    const decrypt = Option.liftThrowable((sealed: Buffer): string => {
      const decipher = createDecipheriv(algorithm, secret, sealed.subarray(0, ivBytes), { authTagLength: tagBytes })
      decipher.setAAD(label).setAuthTag(sealed.subarray(-tagBytes))
      return decipher.update(sealed.subarray(ivBytes, -tagBytes), undefined, "utf8") + decipher.final("utf8")
    })

    return {
      seal: (value) => {
        const iv = randomBytes(ivBytes)
        const cipher = createCipheriv(algorithm, secret, iv, { authTagLength: tagBytes }).setAAD(label)
        const sealed = [iv, cipher.update(encode(value), "utf8"), cipher.final(), cipher.getAuthTag()]
        return Buffer.concat(sealed).toString("base64url")
      },
      open: (text) => {
        const sealed = Buffer.from(text, "base64url")
        // Other spellings of the same bytes are not what was given out.
        return sealed.toString("base64url") === text ? Option.flatMap(decrypt(sealed), decode) : Option.none()
      }
    }
  }
}
