/** The size of JSON: bytes, values without the names of members, and levels of nesting. */
export interface Size {
  readonly bytes: number
  readonly values: number
  readonly depth: number
}

export const isWithin = (size: Size, max: Size): boolean =>
  size.bytes <= max.bytes && size.values <= max.values && size.depth <= max.depth

const quote = 0x22
const comma = 0x2c
const backslash = 0x5c
const isOpening = (byte: number) => byte === 0x5b || byte === 0x7b
const isClosing = (byte: number) => byte === 0x5d || byte === 0x7d
const isSpace = (byte: number) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

/**
 * The size of JSON, from its bytes: what is too large need not be parsed, which can take a hundred times as long. One
 * pass, so deep nesting costs no stack. Of bytes that are not JSON the counts mean nothing, but are never too small for
 * what a parser makes of them before it fails.
 */
export const sizeOf = (json: Uint8Array): Size => {
  let values = 1
  let depth = 0
  let deepest = 0
  let isInString = false
  let isAfterOpening = false
  for (let index = 0; index < json.length; index++) {
    const byte = json[index] ?? 0
    if (isInString) {
      if (byte === backslash) index += 1
      else if (byte === quote) isInString = false
      continue
    }
    if (isSpace(byte)) continue
    // The first value of an array or object; each comma stands for one more.
    if (isAfterOpening && !isClosing(byte)) values += 1
    isAfterOpening = false
    if (byte === quote) isInString = true
    else if (byte === comma) values += 1
    else if (isOpening(byte)) {
      isAfterOpening = true
      depth += 1
      if (depth > deepest) deepest = depth
    } else if (isClosing(byte)) depth -= 1
  }
  return { bytes: json.length, values, depth: deepest }
}
