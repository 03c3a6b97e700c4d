import { LIMITS } from '../core/redshift-limits.ts';
import type { SupportedType } from '../core/redshift-type.ts';
import type { InferredColumn } from './infer-types.ts';

type Inferred = Omit<InferredColumn, 'name'>;

const SMALLINT = 32_767n;
const INTEGER = 2_147_483_647n;
const BIGINT = 9_223_372_036_854_775_807n;
const COMMON_DIGITS = 18;

/** What one pass learns of a column. */
export interface TextFacts {
  /** Letters of `kindOf`, each once. */
  readonly kinds: string;
  /** Of the longest value in UTF-8. */
  readonly bytes: number;
  /** Digits before the point, of the longest number. */
  readonly whole: number;
  readonly scale: number;
  readonly lowest: bigint;
  readonly highest: bigint;
}

/** What is known of a column that two files have. */
export function mergeFacts(one: TextFacts, other: TextFacts): TextFacts {
  return {
    kinds: [...new Set(one.kinds + other.kinds)].sort().join(''),
    bytes: Math.max(one.bytes, other.bytes),
    whole: Math.max(one.whole, other.whole),
    scale: Math.max(one.scale, other.scale),
    lowest: inOrder(one.lowest, other.lowest)[0],
    highest: inOrder(one.highest, other.highest)[1],
  };
}

/** `Math.min` and `max` take no bigint. */
function inOrder(one: bigint, other: bigint): readonly [bigint, bigint] {
  return one < other ? [one, other] : [other, one];
}

/** The smallest power of two from 256 on, or the longest VARCHAR: room for other files than this one. */
export function roomyVarchar(bytes: number): SupportedType {
  const room = 2 ** Math.max(8, Math.ceil(Math.log2(Math.max(1, bytes))));
  return { kind: 'varchar', bytes: Math.min(room, LIMITS.varcharBytes) };
}

/** The type that holds all texts of a column, from what one pass learned of them; VARCHAR where they are of several kinds. */
export function typeOfTexts(facts: TextFacts): Inferred {
  switch (facts.kinds) {
    case '':
      return { type: roomyVarchar(0), least: { kind: 'varchar', bytes: 1 } };
    case 'b':
      return { type: { kind: 'boolean' } };
    case 'd':
      return { type: { kind: 'date' } };
    case 'dt':
    case 't':
      return { type: { kind: 'timestamp' } };
    case 'z':
      return { type: { kind: 'timestamptz' } };
    case 'i':
      return integerType(facts) ?? decimalType(facts) ?? textType(facts);
    case 'n':
    case 'in':
      return decimalType(facts) ?? textType(facts);
    case 'f':
    case 'fi':
    case 'fn':
    case 'fin':
      return { type: { kind: 'double' } };
  }
  return facts.kinds.includes('o') ? { type: { kind: 'super' } } : textType(facts);
}

/** A new column is BIGINT: the next file may hold more than this one. */
function integerType({ lowest, highest }: TextFacts): Inferred | undefined {
  const fits = (limit: bigint): boolean => lowest >= -limit - 1n && highest <= limit;
  if (!fits(BIGINT)) return undefined;
  const least: SupportedType = { kind: fits(SMALLINT) ? 'smallint' : fits(INTEGER) ? 'integer' : 'bigint' };
  return { type: { kind: 'bigint' }, least };
}

function decimalType({ whole, scale }: TextFacts): Inferred | undefined {
  const digits = whole + scale;
  if (digits > LIMITS.decimalDigits) return undefined;
  const precision = digits <= COMMON_DIGITS ? COMMON_DIGITS : LIMITS.decimalDigits;
  return {
    type: { kind: 'decimal', precision, scale },
    least: { kind: 'decimal', precision: Math.max(1, digits), scale },
  };
}

function textType({ bytes }: TextFacts): Inferred {
  return {
    type: roomyVarchar(bytes),
    least: { kind: 'varchar', bytes: Math.min(Math.max(1, bytes), LIMITS.varcharBytes) },
  };
}
