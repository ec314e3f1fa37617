/** The Levenshtein distance: how many letters to insert, delete or change to get from one word to the other. */
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

/** The closest name, if it is at most three letters away, and at most half of the word. */
export const nearest = (word: string, names: ReadonlyArray<string>): string | undefined => {
  const start = word.slice(0, 100).toLowerCase()
  const [best] = names
    .map((name) => ({ name, letters: distance(start, name) }))
    .sort((one, other) => one.letters - other.letters)
  return best !== undefined && best.letters <= Math.min(3, start.replace(/^-+/u, "").length / 2) ? best.name : undefined
}

/** A sentence that suggests the closest name, with a space before it; "" if none is close. */
export const didYouMean = (word: string, names: ReadonlyArray<string>): string => {
  const close = nearest(word, names)
  return close === undefined ? "" : ` Did you mean ${close}?`
}
