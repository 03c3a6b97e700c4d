/** Replacements in a text, collected in any order and made at once. */
export class Edits {
  readonly #edits: { start: number; end: number; text: string }[] = [];

  replace(start: number, end: number, text: string): void {
    this.#edits.push({ start, end, text });
  }

  insert(at: number, text: string): void {
    this.replace(at, at, text);
  }

  /** The text from `from` to `to` with the replacements in it. */
  apply(sql: string, from: number, to: number): string {
    const inside = this.#edits.filter(({ start, end }) => start >= from && end <= to).sort((a, b) => a.start - b.start);
    let result = '';
    let offset = from;
    for (const edit of inside) {
      if (edit.start < offset) continue; // lies inside one already made
      result += sql.slice(offset, edit.start) + edit.text;
      offset = edit.end;
    }
    return result + sql.slice(offset, to);
  }
}
