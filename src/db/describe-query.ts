import type { Sql } from '../sql/sql.ts';
import type { Field } from '../types/field.ts';
import { typeFromOid } from '../types/parse-type.ts';
import type { StatementOrigin } from './classify.ts';
import type { Rows } from './rows.ts';
import type { Session, StatementRun } from './session.ts';

/** The fields of a SELECT that answers no rows (`LIMIT 0`): what a read of the same columns will give. */
export async function describeSelect(
  session: Session,
  emptySelect: Sql,
  run: StatementRun,
  origin: StatementOrigin = {},
): Promise<readonly Field[]> {
  return fieldsOf(await session.run(emptySelect, run, origin));
}

/** The columns of an answer as fields. */
export function fieldsOf({ fields }: Pick<Rows, 'fields'>): readonly Field[] {
  return fields.map(({ name, typeOid, typeModifier }) => ({ name, type: typeFromOid(typeOid, typeModifier) }));
}
