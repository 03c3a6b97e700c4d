import { refuse } from './refusal.ts';
import type { TokenReader } from './tokens.ts';

/** What an option's argument was read as; `true` where it takes none. */
export type Said = string | number | true;

/** Options as they were said: each once, in any order. */
export class SaidOptions {
  readonly #values = new Map<string, Said>();

  set(name: string, value: Said): void {
    if (this.#values.has(name)) throw refuse('42601', `conflicting or redundant options: ${name}`);
    this.#values.set(name, value);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name);
    return typeof value === 'string' ? value : undefined;
  }

  number(name: string): number | undefined {
    const value = this.#values.get(name);
    return typeof value === 'number' ? value : undefined;
  }

  /** The first of `names` that was said. */
  firstOf(names: readonly string[]): string | undefined {
    return names.find((name) => this.#values.has(name));
  }

  names(): readonly string[] {
    return [...this.#values.keys()];
  }
}

/** Reads an option that takes no argument. */
export function flag(): true {
  return true;
}

/** Reads `ON`, `OFF`, `TRUE`, `FALSE`; absent means on. */
export function onOrOff(reader: TokenReader): boolean {
  const word = reader.accept('on', 'true', 'off', 'false');
  return word !== 'off' && word !== 'false';
}

/** `'\t'`, `'\011'`, `'|'`: one ASCII character. */
export function singleCharacter(text: string, option: string): string {
  const resolved = resolveEscapes(text);
  if (resolved.length !== 1 || resolved.charCodeAt(0) > 127) {
    throw refuse('XX000', `${option} must be a single ASCII character`);
  }
  return resolved;
}

/** Resolves octal escapes, `\t`, `\n`, `\r`; leaves `\N` and others alone. */
export function resolveEscapes(text: string): string {
  return text.replace(/\\([0-7]{1,3}|t|n|r)/g, (_whole, code: string) => {
    if (code === 't') return '\t';
    if (code === 'n') return '\n';
    if (code === 'r') return '\r';
    return String.fromCharCode(Number.parseInt(code, 8) & 0xff);
  });
}

/** A positive number of MB, as a size in bytes. */
export function sizeInBytes(reader: TokenReader): number {
  const amount = reader.decimal();
  return Math.floor(amount * (reader.accept('mb', 'gb') === 'gb' ? 1024 ** 3 : 1024 ** 2));
}
