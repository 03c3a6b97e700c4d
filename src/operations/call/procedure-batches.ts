import { invalidField } from '../../core/invalid-field.ts';
import type { Run } from '../../core/run.ts';
import { fieldsOf } from '../../db/describe-query.ts';
import { integerAttribute } from '../../manifest/attributes.ts';
import { identifier, integer, sql } from '../../sql/sql.ts';
import type { Batch } from '../../types/batch.ts';
import { requireSupported } from '../../types/field.ts';
import type { Connection } from '../connection.ts';
import { decodeRows } from '../read/read-direct.ts';
import type { ReadObject, ReadSpec } from '../read/read-spec.ts';
import { cursorsOf, FETCH_ROWS, outputBatch, planCall, runCall } from './call.ts';

/** What goes with a query or an object only. */
const NOT_WITH_IT = [
  'object',
  'objects',
  'query',
  'columns',
  'filter',
  'where',
  'orderBy',
  'distinct',
  'parameters',
  'preSql',
  'postSql',
  'resumable',
  'resumeFrom',
] as const;

/**
 * Calls a procedure and gives the rows of its cursor, however many; of one that opens none its outputs, as one row. What
 * it did is committed after the last row, and undone when the loop is left before. Throws as `call` does.
 */
export async function* procedureBatches(
  { database, options }: Pick<Connection, 'database' | 'options'>,
  spec: ReadSpec & { readonly procedure: ReadObject },
  run: Run,
): AsyncGenerator<Batch, void, undefined> {
  requireAlone(spec);
  const batchRows = Math.min(FETCH_ROWS, integerAttribute('read', 'batchRows', spec.batchRows));
  await using session = await database.session(run);
  const { statement, opensCursor } = await planCall(session, options.defaultSchema, spec, run);
  if (!opensCursor) {
    yield outputBatch(await runCall(session, statement, run));
    return;
  }
  try {
    await session.run(sql`BEGIN`, run);
    const [first, second] = cursorsOf(await runCall(session, statement, run));
    if (first === undefined || second !== undefined) {
      const action = 'Call it by "call", which gives each of them.';
      throw invalidField('procedure', 'Only a procedure that opens one cursor can be read', action);
    }
    let rowsLeft = spec.limit ?? Number.POSITIVE_INFINITY;
    for (let delivered = 0; ; ) {
      const wanted = Math.max(1, Math.min(batchRows, rowsLeft)); // one even where none is wanted: it tells the fields
      const answer = await session.run(sql`FETCH FORWARD ${integer(wanted)} FROM ${identifier(first.cursor)}`, run);
      const rows = answer.rows.slice(0, rowsLeft);
      if (rows.length > 0 || delivered === 0) yield decodeRows(requireSupported(fieldsOf(answer)), rows);
      delivered += rows.length;
      rowsLeft -= rows.length;
      run.publish({ type: 'progress', phase: 'fetch', rows: delivered });
      if (answer.rows.length < wanted || rowsLeft <= 0) break;
    }
    await session.commit(run);
  } finally {
    await session.rollback(run);
  }
}

function requireAlone(spec: ReadSpec): void {
  const path = NOT_WITH_IT.find((key) => {
    const value = spec[key];
    return value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0);
  });
  if (path !== undefined) {
    throw invalidField(path, `"${path}" does not go with a procedure`, 'Leave it out, or have the procedure do it.');
  }
  if (spec.mode === 'staged' || spec.mode === 'partitioned') {
    throw invalidField('mode', 'A procedure is read in direct mode only', 'Leave the mode out.');
  }
}
