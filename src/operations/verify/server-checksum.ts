import type { SupportedType } from '../../core/redshift-type.ts';
import type { Run } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import { renderChecksums } from '../../sql/checksums.ts';
import { identifier, type Sql, sql } from '../../sql/sql.ts';
import type { Checksum } from '../../types/checksum.ts';
import { checksumKind, FLOAT_LIMIT, FRACTION_PARTS } from '../../types/checksum-kind.ts';
import type { SupportedField } from '../../types/field.ts';
import { readChecksums } from '../../types/read-checksums.ts';

/** Columns of one statement: four numbers each, and a result of Redshift has 1,664 columns at most. */
const COLUMNS_AT_ONCE = 300;

/** The checksum of rows as Redshift holds them. `from`: what follows FROM, with columns of these names. */
export async function checksumOnServer(
  session: Session,
  from: Sql,
  fields: readonly SupportedField[],
  run: Run,
): Promise<Checksum> {
  const answers: (readonly (string | null)[])[] = [];
  for (let start = 0; start === 0 || start < fields.length; start += COLUMNS_AT_ONCE) {
    const some = fields.slice(start, start + COLUMNS_AT_ONCE).map(({ name, type }) => ({
      kind: checksumKind(type),
      value: comparedValue(type, identifier(name)),
    }));
    const statement = renderChecksums(some, from, { limit: FLOAT_LIMIT, parts: FRACTION_PARTS });
    const { rows } = await session.run(statement, run);
    answers.push(rows[0] ?? []);
  }
  return readChecksums(answers);
}

/** What is added up or hashed of a column. */
function comparedValue(type: SupportedType, column: Sql): Sql {
  switch (type.kind) {
    case 'boolean':
      return sql`CASE WHEN ${column} THEN 1 WHEN NOT ${column} THEN 0 END`;
    case 'real':
      return sql`CAST(${column} AS DOUBLE PRECISION)`;
    case 'decimal':
    case 'date':
    case 'time':
    case 'timetz':
    case 'timestamp':
      return sql`CAST(${column} AS VARCHAR(64))`;
    case 'timestamptz':
      return sql`CAST(${column} AT TIME ZONE 'UTC' AS VARCHAR(64))`;
    case 'char':
      return sql`RTRIM(${column})`;
    case 'varbyte':
      return checksumKind(type) === 'hash' ? sql`TO_HEX(${column})` : column;
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'double':
    case 'varchar':
    case 'super':
    case 'geometry':
    case 'geography':
    case 'hllsketch':
    case 'intervalYearToMonth':
    case 'intervalDayToSecond':
      return column;
  }
}
