/** What a terminal obeys instead of showing it: control characters, and those that turn the direction of text. */
const UNSHOWN = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;

/** Somebody else's text with `?` for what a terminal would obey. Line breaks are kept where `lines` says so. */
export function plainText(text: string, { lines = false }: { readonly lines?: boolean } = {}): string {
  return text.replace(UNSHOWN, (character) => (lines && character === '\n' ? character : '?'));
}

/** Somebody else's text with escapes such as `\n` and `\u009b` for what a terminal would obey: nothing is lost. */
export function visibleText(text: string): string {
  return text.replace(UNSHOWN, escaped);
}

/** A JSON text in which also those characters are escaped that JSON allows and a terminal obeys. */
export function visibleJson(json: string): string {
  // The others are escaped already inside of strings; outside, a line break is layout.
  return json.replace(UNSHOWN, (character) => (character < ' ' ? character : escaped(character)));
}

function escaped(character: string): string {
  const short = JSON.stringify(character).slice(1, -1);
  return short === character ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}` : short;
}

/** The first line of somebody else's text, of bounded length and safe to show. Bounded before anything looks into it. */
export function plainLine(text: string, limit: number): string {
  const [line = ''] = text.slice(0, limit).split(/\r?\n/, 1);
  return plainText(line.trim());
}
