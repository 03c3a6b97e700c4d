import type { ConnectorError } from '../core/errors.ts';
import { invalidField } from '../core/invalid-field.ts';
import { nearNames } from '../core/near-names.ts';
import { Sql } from './sql.ts';
import { characters, type Replacement, type UserText } from './user-text.ts';

/** Parameters by name, rendered. */
export type RenderedParameters = ReadonlyMap<string, Sql>;

const OTHER = String.raw`"(?:[^"]|"")*"?|--[^\n]*|/\*[\s\S]*?(?:\*/|$)|\$(\w*)\$[\s\S]*?(?:\$\1\$|$)|::|:([A-Za-z_]\w*)`;
/** Servers differ on whether a backslash escapes a quote: what is a parameter must be one under both readings. */
const READINGS = [
  new RegExp(`'(?:[^']|'')*'?|${OTHER}`, 'g'),
  new RegExp(String.raw`'(?:[^'\\]|''|\\[\s\S])*'?|${OTHER}`, 'g'),
];

/**
 * The person's text with `:name` replaced by each parameter's value, outside of quotes and comments; without parameters
 * nothing is looked for. Throws RS_CONFIG_INVALID for a name that no parameter has.
 */
export function fillIn(text: UserText, parameters: RenderedParameters, path: string, used: Set<string>): UserText {
  if (parameters.size === 0) return text;
  const own = String(text.sql);
  const [plain = [], escaped = []] = READINGS.map((reading) => placesOf(own, reading));
  if (JSON.stringify(plain) !== JSON.stringify(escaped)) {
    const message = 'A backslash before a quote leaves it open where parameters stand';
    throw invalidField(path, message, 'Write CHR(92) for the backslash.');
  }
  const replaced: Replacement[] = [...(text.replaced ?? [])];
  let filled = '';
  let copied = 0;
  let author = text.sql.author;
  // What leads the text and is not sent shifts every place in it.
  const lead = Math.max(0, text.text.indexOf(own));
  for (const { at, name } of plain) {
    const value = parameters.get(name);
    if (value === undefined) throw unknownParameter(path, name, [...parameters.keys()]);
    used.add(name);
    filled += own.slice(copied, at);
    copied = at + name.length + 1;
    replaced.push({
      at: characters(filled),
      length: characters(String(value)),
      sourceAt: characters(text.text.slice(0, lead + at)),
      sourceLength: name.length + 1,
    });
    filled += String(value);
    if (value.author === 'user') author = 'user';
  }
  if (plain.length === 0) return text;
  return { ...text, sql: Sql.trusted(filled + own.slice(copied), author), replaced };
}

interface Place {
  readonly at: number;
  readonly name: string;
}

function placesOf(text: string, reading: RegExp): readonly Place[] {
  return [...text.matchAll(reading)].flatMap(({ index, 2: name }) => (name === undefined ? [] : [{ at: index, name }]));
}

function unknownParameter(path: string, name: string, names: readonly string[]): ConnectorError {
  const near = nearNames(name, names);
  return invalidField(
    path,
    `There is no parameter "${name}"`,
    near.length > 0 ? `Did you mean :${near[0]}?` : `Declare it, or write the colon inside quotes.`,
  );
}
