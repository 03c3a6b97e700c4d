import { AuthorizationClauses } from './authorization.ts';
import { type Said, SaidOptions } from './options.ts';
import { notImitated, syntaxError } from './refusal.ts';
import type { TokenReader } from './tokens.ts';

/** What COPY or UNLOAD may say after its source or destination. */
export interface Grammar {
  readonly statement: 'COPY' | 'UNLOAD';
  /** Each option that this sandbox imitates, and how its argument is read. */
  readonly options: Readonly<Record<string, (reader: TokenReader) => Said>>;
  /** Known to Redshift, not to this sandbox; by the first word. */
  readonly notImitated: readonly string[];
}

/** Reads authorisation and options, in any order, to the end of the statement. */
export function readClauses(
  reader: TokenReader,
  grammar: Grammar,
): { readonly authorization: AuthorizationClauses; readonly said: SaidOptions } {
  const authorization = new AuthorizationClauses();
  const said = new SaidOptions();
  while (!reader.done && reader.peek()?.text !== ';') {
    if (!authorization.accept(reader)) readOption(reader, said, grammar);
  }
  reader.end();
  return { authorization, said };
}

function readOption(reader: TokenReader, said: SaidOptions, { statement, options, notImitated: known }: Grammar): void {
  const isFormat = reader.accept('format') !== undefined;
  if (isFormat) reader.accept('as');
  const token = reader.next();
  if (token.kind !== 'word') throw syntaxError(token.source);
  const read = options[token.text];
  if (read === undefined) {
    const name = known.find((each) => each.split(' ', 1)[0] === token.text);
    throw name === undefined ? syntaxError(token.source) : notImitated(`${statement} with ${name.toUpperCase()}`);
  }
  if (isFormat && !['csv', 'parquet', 'json'].includes(token.text)) throw syntaxError(token.source);
  said.set(token.text, read(reader));
}
