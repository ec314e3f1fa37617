export const main = (_argv: ReadonlyArray<string>): void => {}
