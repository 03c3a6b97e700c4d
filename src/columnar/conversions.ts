import type { SupportedType } from '../core/redshift-type.ts';
import { integer, type Sql, sql } from '../sql/sql.ts';
import { type Check, type Conversion, cast, plainText, textOf } from './conversion.ts';
import { dateOrTime } from './conversion-datetime.ts';
import { extra } from './conversion-extra.ts';
import { isNumberKind, number } from './conversion-number.ts';
import type { SourceKind } from './source-kind.ts';

/**
 * Converts a column of a kind to a type, or answers `undefined` where no value would fit. The rules are those of
 * `types/codec-*.ts`, written for the engine: a value is carried exactly, or it is refused.
 */
export function convert(
  kind: SourceKind,
  sourceType: string,
  target: SupportedType,
  value: Sql,
): Conversion | undefined {
  switch (target.kind) {
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'decimal':
    case 'real':
    case 'double':
      return isNumberKind(kind) ? number(kind, sourceType, target, value) : undefined;
    case 'boolean':
      return boolean(kind, value);
    case 'char':
    case 'varchar':
      return text(kind, value, target);
    case 'date':
    case 'time':
    case 'timetz':
    case 'timestamp':
    case 'timestamptz':
      return dateOrTime(kind, value, target.kind);
    case 'super':
    case 'varbyte':
    case 'geometry':
    case 'geography':
    case 'hllsketch':
    case 'intervalYearToMonth':
    case 'intervalDayToSecond':
      return extra(kind, sourceType, target, value);
  }
}

function boolean(kind: SourceKind, value: Sql): Conversion | undefined {
  if (kind === 'boolean') return { text: sql`CASE WHEN ${value} THEN 't' WHEN NOT ${value} THEN 'f' END`, checks: [] };
  const notBoolean = 'is not a boolean';
  if (kind === 'integer') {
    return { text: cast(value, 'VARCHAR'), checks: [{ isBad: sql`${value} NOT IN (0, 1)`, problem: notBoolean }] };
  }
  if (kind !== 'text') return undefined;
  const { plain, isNull } = plainText(value);
  const known = sql`('t', 'true', '1', 'y', 'yes', 'f', 'false', '0', 'n', 'no')`;
  return { text: plain, isNull, checks: [{ isBad: sql`lower(${plain}) NOT IN ${known}`, problem: notBoolean }] };
}

function text(
  kind: SourceKind,
  value: Sql,
  target: { readonly kind: string; readonly bytes: number },
): Conversion | undefined {
  if (kind === 'binary' || kind === 'nested' || kind === 'other') return undefined;
  const given = textOf(kind, value);
  const checks: Check[] = [
    {
      isBad: sql`strlen(${given}) > ${integer(target.bytes)}`,
      problem: `takes more than the ${target.bytes} bytes that the column holds`,
    },
  ];
  if (kind === 'text') {
    checks.push({ isBad: sql`contains(${given}, chr(0))`, problem: 'holds a NUL character', isSilent: true });
    if (target.kind === 'char') {
      checks.unshift({
        isBad: sql`strlen(${given}) <> length(${given})`,
        problem: 'holds a character that takes several bytes, which CHAR refuses',
      });
    }
  }
  return { text: given, checks };
}
