import fc from 'fast-check';
import type { FilterOperator, ReadFilter } from '../../src/operations/read/read-spec.ts';
import type { Row } from './model.ts';
import type { TableColumn } from './tables.ts';
import type { Held } from './values.ts';

type TextOperator = 'startsWith' | 'endsWith' | 'contains' | 'like' | 'notLike';

const ORDERED: readonly FilterOperator[] = ['=', '<>', '<', '<=', '>', '>='];
const TEXT: readonly TextOperator[] = ['startsWith', 'endsWith', 'contains', 'like', 'notLike'];

/** Columns whose order the documentation tells. */
export function isOrdered({ type, isIdentity }: TableColumn): boolean {
  return !isIdentity && (type.use === 'plain' || type.ddl === 'TIME');
}

/** A filter over these columns, of values that their rows may hold. */
export function anyFilter(columns: readonly TableColumn[]): fc.Arbitrary<ReadFilter> {
  const comparison = fc.constantFrom(...columns).chain(comparisonOf);
  return fc.letrec<{ any: ReadFilter }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      comparison,
      fc.array(tie('any'), { maxLength: 3 }).map((and) => ({ and })),
      fc.array(tie('any'), { maxLength: 3 }).map((or) => ({ or })),
      tie('any').map((not) => ({ not })),
    ),
  })).any;
}

function comparisonOf({ name: column, type, isIdentity }: TableColumn): fc.Arbitrary<ReadFilter> {
  const nulls = fc.constantFrom<FilterOperator>('isNull', 'isNotNull').map((operator) => ({ column, operator }));
  if (isIdentity || (type.use !== 'plain' && type.ddl !== 'TIME')) return nulls;
  const one = type.values.map(({ text, rank }) => {
    if (rank !== undefined) RANKS.set(`${type.ddl} ${text}`, rank);
    return text;
  });
  const ordered = fc.tuple(fc.constantFrom(...ORDERED), one).map(([operator, value]) => ({ column, operator, value }));
  const among = fc
    .tuple(fc.constantFrom<FilterOperator>('in', 'notIn'), fc.array(one, { maxLength: 3 }))
    .map(([operator, values]) => ({ column, operator, values }));
  const between = fc.tuple(one, one).map((values) => ({ column, operator: 'between' as const, values }));
  if (!type.ddl.startsWith('VARCHAR')) return fc.oneof(nulls, ordered, among, between);
  const texts = fc.tuple(fc.constantFrom(...TEXT), one).map(([operator, value]) => ({ column, operator, value }));
  return fc.oneof(nulls, ordered, among, between, texts);
}

/** Places of the values that filters hold, which they have as text only. */
const RANKS = new Map<string, NonNullable<Held['rank']>>();

/** What a condition says of a row: `undefined` where a NULL leaves it open. */
export function judged(filter: ReadFilter, row: Row, columns: readonly TableColumn[]): boolean | undefined {
  if ('and' in filter) return all(filter.and.map((part) => judged(part, row, columns)));
  if ('or' in filter) return negated(all(filter.or.map((part) => negated(judged(part, row, columns)))));
  if ('not' in filter) return negated(judged(filter.not, row, columns));
  const { column, operator = '=', value, values = [] } = filter;
  const cell = row.get(column) ?? null;
  if (operator === 'isNull') return cell === null;
  if (operator === 'isNotNull') return cell !== null;
  const ddl = columns.find(({ name }) => name === column)?.type.ddl ?? '';
  const rankOf = (each: unknown): Held['rank'] => RANKS.get(`${ddl} ${String(each)}`);
  const given = value === undefined ? values : [value];
  if (given.length === 0) return operator === 'notIn';
  if (cell === null || cell === 'numbered') return undefined;
  if (isTextual(operator)) return matched(operator, cell.text, String(given[0]));
  const [first = 0, second = 0] = given.map((each) => compared(cell.rank, rankOf(each)));
  switch (operator) {
    case '=':
      return first === 0;
    case '<>':
      return first !== 0;
    case '<':
      return first < 0;
    case '<=':
      return first <= 0;
    case '>':
      return first > 0;
    case '>=':
      return first >= 0;
    case 'between':
      return first >= 0 && second <= 0;
    case 'in':
      return given.some((each) => compared(cell.rank, rankOf(each)) === 0);
    case 'notIn':
      return given.every((each) => compared(cell.rank, rankOf(each)) !== 0);
  }
}

export function compared(a: Held['rank'], b: Held['rank']): number {
  if (a === undefined || b === undefined) throw new Error('values of this type have no order');
  return a < b ? -1 : a > b ? 1 : 0;
}

function all(parts: readonly (boolean | undefined)[]): boolean | undefined {
  if (parts.includes(false)) return false;
  return parts.includes(undefined) ? undefined : true;
}

function negated(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value;
}

function isTextual(operator: FilterOperator): operator is TextOperator {
  return TEXT.some((one) => one === operator);
}

function matched(operator: TextOperator, text: string, pattern: string): boolean {
  switch (operator) {
    case 'startsWith':
      return text.startsWith(pattern);
    case 'endsWith':
      return text.endsWith(pattern);
    case 'contains':
      return text.includes(pattern);
    case 'like':
    case 'notLike':
      return like(Array.from(text), Array.from(pattern)) === (operator === 'like');
  }
}

/** `%` and `_`, and `!` before one that stands for itself. */
function like(text: readonly string[], pattern: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return text.length === 0;
  if (first === '%') return text.some((_, from) => like(text.slice(from), rest)) || like([], rest);
  if (text.length === 0) return false;
  if (first === '_') return like(text.slice(1), rest);
  const [literal, others] = first === '!' ? [rest[0], rest.slice(1)] : [first, rest];
  return literal === text[0] && like(text.slice(1), others);
}
