import { duckType } from '../sql/duckdb.ts';
import { type Sql, sql } from '../sql/sql.ts';
import type { SourceKind } from './source-kind.ts';

/** A condition that no value may meet. */
export interface Check {
  readonly isBad: Sql;
  /** Completes "the value ...". */
  readonly problem: string;
  /** COPY would take such a value and change it, instead of refusing the row. */
  readonly isSilent?: boolean;
  /** False: accepting the loss leaves such a value to COPY alone, not to a load that checks values itself. Default: true. */
  readonly isAcceptable?: boolean;
}

/** How a column of a file becomes the text that COPY reads. */
export interface Conversion {
  readonly text: Sql;
  /** In this order; each may rely on the ones before. */
  readonly checks: readonly Check[];
  /** What counts as NULL, where that is more than NULL itself. */
  readonly isNull?: Sql;
  /** True only for values that pass every check and whose text is the value itself: most of them, told at a low price. */
  readonly isPlain?: Sql;
}

/** Text without blanks around it; nothing at all counts as NULL, as COPY has it for every type but text. */
export function plainText(value: Sql): { readonly plain: Sql; readonly isNull: Sql } {
  const plain = sql`trim(${value})`;
  return { plain, isNull: sql`coalesce(${plain}, '') = ''` };
}

/** Numbers as Redshift spells them. */
export function spelled(number: Sql): Sql {
  return sql`CASE WHEN isnan(${number}) THEN 'NaN' WHEN isinf(${number}) THEN CASE WHEN ${number} > 0 THEN 'Infinity' ELSE '-Infinity' END ELSE CAST(${number} AS VARCHAR) END`;
}

/** The engine writes `0044-03-15 (BC) 10:00:00`, Redshift `0044-03-15 10:00:00 BC`. */
export function withEra(moment: Sql): Sql {
  return sql`CASE WHEN contains(${moment}, '(BC)') THEN replace(${moment}, ' (BC)', '') || ' BC' ELSE ${moment} END`;
}

export function cast(value: Sql, type: string): Sql {
  return sql`CAST(${value} AS ${duckType(type)})`;
}

export function tryCast(value: Sql, type: string): Sql {
  return sql`TRY_CAST(${value} AS ${duckType(type)})`;
}

/** A value of a file as text. */
export function textOf(kind: SourceKind, value: Sql): Sql {
  switch (kind) {
    case 'text':
      return value;
    case 'floating':
      return spelled(value);
    case 'date':
    case 'timestamp':
    case 'timestampNs':
    case 'timestamptz':
      return withEra(cast(value, 'VARCHAR'));
    case 'integer':
    case 'decimal':
    case 'boolean':
    case 'time':
    case 'timetz':
    case 'uuid':
    case 'interval':
    case 'binary':
    case 'nested':
    case 'other':
      return cast(value, 'VARCHAR');
  }
}
