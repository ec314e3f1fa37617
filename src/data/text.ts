import { analyse } from "chardet"

/** Bytes that are looked at for their encoding. */
const sampleBytes = 4096

const marks: ReadonlyArray<readonly [ReadonlyArray<number>, string]> = [
  [[0xef, 0xbb, 0xbf], "utf-8"],
  [[0xff, 0xfe], "utf-16le"],
  [[0xfe, 0xff], "utf-16be"]
]

/** Whether more of the characters beyond ASCII are valid in UTF-8 than not: a broken byte makes no other encoding. */
const isUtf8 = (bytes: Uint8Array): boolean => {
  const text = new TextDecoder("utf-8").decode(bytes, { stream: true })
  const broken = text.match(/\ufffd/gu)?.length ?? 0
  if (broken === 0) return true
  return (text.match(/[\u{80}-\u{fffc}\u{10000}-\u{10ffff}]/gu)?.length ?? 0) > broken
}

/**
 * UTF-16 without a mark: every other byte of a text in a Latin alphabet is zero. In other alphabets those of separators and
 * line ends are, and the text is not valid UTF-8.
 */
const utf16 = (bytes: Uint8Array): string | undefined => {
  let even = 0
  let odd = 0
  for (let index = 0; index + 1 < bytes.length; index += 2) {
    if (bytes[index] === 0) even += 1
    if (bytes[index + 1] === 0) odd += 1
  }
  const most = Math.max(even, odd)
  const isLittle = odd > even
  if (most === 0 || Math.min(even, odd) * 6 > most) return undefined
  if (most <= (bytes.length / 2) * 0.3) {
    const pairs = Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2)))
    const text = (isLittle ? pairs : Buffer.from(pairs).swap16()).toString("utf16le")
    if (isUtf8(bytes) || !/[\n,;\t|]/u.test(text) || text.includes("\0")) return undefined
  }
  return isLittle ? "utf-16le" : "utf-16be"
}

const markOf = (bytes: Uint8Array) => marks.find(([mark]) => mark.every((byte, index) => bytes[index] === byte))?.[1]

/** Encodings of chardet that TextDecoder knows by the same name. */
const decodable = /^(?:windows-125\d|iso-8859-[1-9]|koi8-r|shift_jis|euc-jp|euc-kr|big5|gb18030)$/iu

/** Few letters tell little: below this confidence the Western encoding is by far the likeliest. */
const minConfidence = 30

const guess = (bytes: Uint8Array): string => {
  if (isUtf8(bytes)) return "utf-8"
  const [best] = analyse(bytes)
  return best !== undefined && best.confidence >= minConfidence && decodable.test(best.name)
    ? best.name
    : "windows-1252"
}

const firstNonAscii = (bytes: Uint8Array): number => bytes.findIndex((byte) => byte === 0 || byte > 0x7f)

/**
 * Decodes text as it arrives. The encoding is chosen by the mark or, where there is none, at the first bytes that are
 * not ASCII: all encodings but UTF-16 agree up to there.
 */
export class Decoder {
  private decoder: InstanceType<typeof TextDecoder> | undefined
  private pending: Buffer = Buffer.alloc(0)
  private isStart = true
  /** Whether a character could not be decoded. */
  hasReplaced = false

  write(bytes: Uint8Array): string {
    return this.decoder === undefined ? this.decide(bytes, false) : this.decode(this.decoder, bytes, true)
  }

  end(): string {
    const rest = this.decoder === undefined ? this.decide(new Uint8Array(), true) : ""
    return rest + (this.decoder === undefined ? "" : this.decode(this.decoder, new Uint8Array(), false))
  }

  private decide(bytes: Uint8Array, isEnd: boolean): string {
    this.pending = this.pending.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.pending, bytes])
    if (this.isStart && this.pending.length < 4 && !isEnd) return ""
    const marked = this.isStart ? markOf(this.pending) : undefined
    const at = firstNonAscii(this.pending)
    if (marked === undefined && at === -1) {
      const text = this.pending.toString("latin1")
      this.pending = Buffer.alloc(0)
      this.isStart = false
      return text
    }
    if (marked === undefined && this.pending.length - at < sampleBytes && !isEnd) return ""
    const around = this.pending.subarray(0, Math.max(at, 0) + sampleBytes)
    this.decoder = new TextDecoder(
      marked ?? (this.isStart ? utf16(around.subarray(0, sampleBytes)) : undefined) ?? guess(around)
    )
    const held = this.pending
    this.pending = Buffer.alloc(0)
    return this.decode(this.decoder, held, true)
  }

  private decode(decoder: InstanceType<typeof TextDecoder>, bytes: Uint8Array, stream: boolean): string {
    const text = decoder.decode(bytes, { stream })
    if (!this.hasReplaced && text.includes("\ufffd") && !Buffer.from(bytes).includes("\ufffd", 0, "utf8")) {
      this.hasReplaced = true
    }
    return text
  }
}
