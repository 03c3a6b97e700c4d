import { ConnectorError } from '../../core/errors.ts';
import type { ObjectPath } from '../../db/object-descriptor.ts';
import type { ObjectReference } from '../write-spec.ts';

// A part in quotes may hold anything, its own quotes doubled; one without runs to the next dot and is taken as it stands.
const PART = /"((?:[^"]|"")*)"|([^".][^.]*)/y;

/** Schema and name that a reference means. Throws RS_CONFIG_INVALID for a text that is neither a name nor `schema.name`. */
export function resolveObjectReference(reference: ObjectReference, defaultSchema: string): ObjectPath {
  if (typeof reference !== 'string') return reference;
  const [first, second, ...more] = splitName(reference);
  if (first === undefined || more.length > 0) {
    throw new ConnectorError('RS_CONFIG_INVALID', `Not the name of a table: ${JSON.stringify(reference)}`, {
      action: 'Write it as name or schema.name, and put a part that holds a dot into double quotes.',
    });
  }
  return second === undefined ? [defaultSchema, first] : [first, second];
}

/** The parts of a dotted name; none when the text is malformed. */
export function splitName(text: string): readonly string[] {
  const parts: string[] = [];
  for (let position = 0; ; position += 1) {
    PART.lastIndex = position;
    const match = PART.exec(text);
    if (match === null) return [];
    parts.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    position += match[0].length;
    if (position === text.length) return parts;
    if (text[position] !== '.') return [];
  }
}
