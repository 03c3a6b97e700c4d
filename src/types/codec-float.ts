import { type Codec, type InputScalar, Unfit } from './codec-shape.ts';

const LOAD_NOTE = 'COPY may refuse NaN and infinities';
const CSV_LOSS = 'UNLOAD may write fewer digits than the number has';
const FINITE = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const SPECIAL: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  inf: Infinity,
  '+inf': Infinity,
  '-inf': -Infinity,
  infinity: Infinity,
  '+infinity': Infinity,
  '-infinity': -Infinity,
};

export const doubleCodec: Codec = {
  fromText: parseFloating,
  toText: (value) => floatText(value, (number) => number, 'DOUBLE PRECISION'),
  stagedAs: 'DOUBLE',
  loadNote: LOAD_NOTE,
  csvLoss: CSV_LOSS,
};

export const realCodec: Codec = {
  fromText: (text) => Math.fround(parseFloating(text)),
  toText: (value) => floatText(value, Math.fround, 'REAL'),
  // Redshift prints a REAL with 8 digits at most, and 9 are needed to tell any two apart.
  selectAs: 'DOUBLE PRECISION',
  stagedAs: 'FLOAT',
  loadNote: LOAD_NOTE,
  csvLoss: CSV_LOSS,
};

function parseFloating(text: string): number {
  const number = Number(text);
  // Only what is no number to JavaScript is looked up: for millions of values that is dear.
  return Number.isNaN(number) ? (SPECIAL[text.toLowerCase()] ?? number) : number;
}

function floatText(value: InputScalar, round: (number: number) => number, name: string): string | Unfit {
  if (typeof value === 'boolean' || typeof value === 'object') return new Unfit('is not a number');
  if (typeof value === 'number' && value !== 0 && value === round(value) && Number.isFinite(value))
    return String(value);
  const text = typeof value === 'string' ? value.trim() : '';
  if (typeof value === 'string' && !FINITE.test(text) && !(text.toLowerCase() in SPECIAL)) {
    return new Unfit('is not a number');
  }
  const number = typeof value === 'string' ? parseFloating(text) : Number(value);
  const rounded = round(number);
  const given = typeof value === 'string' ? !(text.toLowerCase() in SPECIAL) : Number.isFinite(number);
  if (given && !Number.isFinite(rounded)) return new Unfit(`is too large for ${name}`);
  if (rounded === 0 && (number !== 0 || /[1-9]/.test(text.split(/e/i)[0] ?? ''))) {
    return new Unfit(`is too small for ${name}`);
  }
  return Object.is(rounded, -0) ? '-0' : String(rounded);
}
