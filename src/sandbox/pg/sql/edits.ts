interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Replacements in a text, collected in any order and made at once. */
export class Edits {
  readonly #edits: Edit[] = [];

  replace(start: number, end: number, text: string): void {
    this.#edits.push({ start, end, text });
  }

  insert(at: number, text: string): void {
    this.replace(at, at, text);
  }

  /** The text from `from` to `to` with the replacements in it. */
  apply(sql: string, from: number, to: number): string {
    let result = '';
    let offset = from;
    for (const edit of this.#made(from, to)) {
      result += sql.slice(offset, edit.start) + edit.text;
      offset = edit.end;
    }
    return result + sql.slice(offset, to);
  }

  /** The offset that an offset in the answer of `apply` comes from; of a replacement, its beginning. */
  toSource(from: number, to: number, offset: number): number {
    let source = from;
    let rest = offset;
    for (const edit of this.#made(from, to)) {
      const untouched = edit.start - source;
      if (rest < untouched) break;
      rest -= untouched;
      if (rest < edit.text.length) return edit.start;
      rest -= edit.text.length;
      source = edit.end;
    }
    return source + rest;
  }

  *#made(from: number, to: number): Generator<Edit> {
    const inside = this.#edits.filter(({ start, end }) => start >= from && end <= to).sort((a, b) => a.start - b.start);
    let offset = from;
    for (const edit of inside) {
      if (edit.start < offset) continue; // lies inside one already made
      yield edit;
      offset = edit.end;
    }
  }
}
