/** What a terminal obeys instead of showing it: control characters, and those that turn the direction of text. */
const UNSHOWN = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;

/** Somebody else's text with `?` for what a terminal would obey. Line breaks are kept where `lines` says so. */
export function plainText(text: string, { lines = false }: { readonly lines?: boolean } = {}): string {
  return text.replace(UNSHOWN, (character) => (lines && character === '\n' ? character : '?'));
}

/** The first line of somebody else's text, of bounded length and safe to show. Bounded before anything looks into it. */
export function plainLine(text: string, limit: number): string {
  const [line = ''] = text.slice(0, limit).split(/\r?\n/, 1);
  return plainText(line.trim());
}
