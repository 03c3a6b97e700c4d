/**
 * Whether the text is one that the pattern means: in it, `*` stands for any text. Case counts. Patterns and texts may come
 * out of a form: time grows with their lengths, never with the ways in which they fit.
 */
export function matchesWildcard(pattern: string, text: string): boolean {
  const [first = '', ...inner] = pattern.split('*');
  const last = inner.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  let from = first.length;
  for (const part of inner) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return from <= text.length - last.length;
}
