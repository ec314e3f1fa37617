import { crc32, deflateRawSync } from "node:zlib"

/** A file of an archive. */
export interface ZipFile {
  readonly path: string
  readonly content: Buffer
}

const version = 20
/** UTF-8 names. */
const flags = 0x0800
const deflated = 8
/** 1 January 1980, so that the same files make the same archive. */
const date = 0x21
const unixMode = (0o100644 << 16) >>> 0

/** What the local header and the directory say alike. Source: APPNOTE 6.3.10, sections 4.3.7 and 4.3.12. */
const common = (file: ZipFile, packed: Buffer) => {
  const name = Buffer.from(file.path)
  const fields = Buffer.alloc(26)
  fields.writeUInt16LE(version, 0)
  fields.writeUInt16LE(flags, 2)
  fields.writeUInt16LE(deflated, 4)
  fields.writeUInt16LE(0, 6)
  fields.writeUInt16LE(date, 8)
  fields.writeUInt32LE(crc32(file.content), 10)
  fields.writeUInt32LE(packed.length, 14)
  fields.writeUInt32LE(file.content.length, 18)
  fields.writeUInt16LE(name.length, 22)
  return { name, fields }
}

const signature = (code: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(code)
  return bytes
}

/** A zip archive of the files. */
export const zip = (files: ReadonlyArray<ZipFile>): Buffer => {
  const bodies: Array<Buffer> = []
  const directory: Array<Buffer> = []
  let offset = 0
  for (const file of files) {
    const packed = deflateRawSync(file.content, { level: 9 })
    const { fields, name } = common(file, packed)
    const local = Buffer.concat([signature(0x04034b50), fields, name, packed])
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(unixMode, 6)
    rest.writeUInt32LE(offset, 10)
    const madeBy = Buffer.from([version, 3])
    directory.push(Buffer.concat([signature(0x02014b50), madeBy, fields, rest, name]))
    bodies.push(local)
    offset += local.length
  }
  const entries = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(files.length, 4)
  end.writeUInt16LE(files.length, 6)
  end.writeUInt32LE(entries.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...bodies, entries, signature(0x06054b50), end])
}
