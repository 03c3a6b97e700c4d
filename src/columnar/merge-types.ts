import { LIMITS } from '../core/redshift-limits.ts';
import type { SupportedType } from '../core/redshift-type.ts';
import type { InferredColumn } from './infer-types.ts';

type Inferred = Omit<InferredColumn, 'name'>;

const INTEGERS: readonly SupportedType['kind'][] = ['smallint', 'integer', 'bigint'];
const DIGITS: Readonly<Record<string, number>> = { smallint: 5, integer: 10, bigint: 19 };

/** The type for a column that two files tell: none where no type holds the values of both as they are. */
export function mergeTypes(one: Inferred, other: Inferred): Inferred {
  const type = widerOf(one.type, other.type);
  const least = widerOf(one.least ?? one.type, other.least ?? other.type);
  if (type === undefined) return {};
  return least === undefined || isSame(least, type) ? { type } : { type, least };
}

function widerOf(one: SupportedType | undefined, other: SupportedType | undefined): SupportedType | undefined {
  if (one === undefined || other === undefined) return undefined;
  if (isSame(one, other)) return one;
  if (one.kind === other.kind && 'bytes' in one && 'bytes' in other) return one.bytes > other.bytes ? one : other;
  const [first, second] = [INTEGERS.indexOf(one.kind), INTEGERS.indexOf(other.kind)];
  if (first >= 0 && second >= 0) return first > second ? one : other;
  const [left, right] = [digitsOf(one), digitsOf(other)];
  if (left !== undefined && right !== undefined) {
    const scale = Math.max(left.scale, right.scale);
    const precision = Math.max(left.whole, right.whole) + scale;
    return precision > LIMITS.decimalDigits ? undefined : { kind: 'decimal', precision, scale };
  }
  const isFloating = ({ kind }: SupportedType): boolean => kind === 'real' || kind === 'double';
  return isFloating(one) && isFloating(other) ? { kind: 'double' } : undefined;
}

function digitsOf(type: SupportedType): { readonly whole: number; readonly scale: number } | undefined {
  const whole = DIGITS[type.kind];
  if (whole !== undefined) return { whole, scale: 0 };
  if (type.kind !== 'decimal' || type.precision === undefined) return undefined;
  const { scale = 0 } = type;
  return { whole: type.precision - scale, scale };
}

function isSame(one: SupportedType, other: SupportedType): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
