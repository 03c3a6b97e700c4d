import { type Codec, type InputScalar, Unfit } from './codec-shape.ts';

const TRUE: ReadonlySet<string> = new Set(['t', 'true', '1', 'y', 'yes']);
const FALSE: ReadonlySet<string> = new Set(['f', 'false', '0', 'n', 'no']);

export const booleanCodec: Codec = {
  fromText: (text) => text.startsWith('t'),
  toText: (value: InputScalar) => {
    if (typeof value === 'boolean') return value ? 't' : 'f';
    const text = typeof value === 'object' ? '' : String(value).trim().toLowerCase();
    if (TRUE.has(text)) return 't';
    return FALSE.has(text) ? 'f' : new Unfit('is not a boolean');
  },
  stagedAs: 'BOOLEAN',
};
