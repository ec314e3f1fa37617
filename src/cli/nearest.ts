/** How many letters have to be put in, taken out or changed to make one word of another. */
const distance = (from: string, to: string): number => {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [line, letter] of Array.from(from).entries()) {
    const next = [line + 1]
    for (const [index, other] of Array.from(to).entries()) {
      const change = (row[index] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(change, (row[index + 1] ?? 0) + 1, (next[index] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}

/** The name that was most likely meant, if one is close. */
export const nearest = (word: string, names: ReadonlyArray<string>): string | undefined => {
  const start = word.slice(0, 100).toLowerCase()
  const [best] = names.map((name) => ({ name, far: distance(start, name) })).sort((one, other) => one.far - other.far)
  return best !== undefined && best.far <= 3 ? best.name : undefined
}
