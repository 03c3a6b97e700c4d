import { type Codec, Unfit } from './codec-shape.ts';

const DENSE = /^[A-Za-z0-9+/]+={0,2}$/;

/** HLLSKETCH as Redshift shows it: JSON of a sparse sketch, base64 of a dense one. */
export const sketchCodec: Codec = {
  fromText: (text) => text,
  toText: (value) => {
    const text = typeof value === 'string' ? value.trim() : '';
    return DENSE.test(text) || isSparse(text) ? text : new Unfit('is neither JSON nor base64 of a sketch');
  },
  stagedAs: 'VARCHAR',
  csvOnly: true,
  // https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-hll.html tells COPY alone.
  copyOnly: true,
};

function isSparse(text: string): boolean {
  if (!text.startsWith('{')) return false;
  try {
    return Object.hasOwn(JSON.parse(text) as object, 'logm');
  } catch {
    return false;
  }
}
