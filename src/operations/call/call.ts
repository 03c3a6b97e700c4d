import type { Run } from '../../core/run.ts';
import { fieldsOf } from '../../db/describe-query.ts';
import { listProcedures } from '../../db/procedures.ts';
import type { Rows } from '../../db/rows.ts';
import type { Session } from '../../db/session.ts';
import { integerAttribute } from '../../manifest/attributes.ts';
import { identifier, integer, join, type Sql, sql } from '../../sql/sql.ts';
import type { Batch } from '../../types/batch.ts';
import { type Field, requireSupported } from '../../types/field.ts';
import type { Connection } from '../connection.ts';
import { decodeRows } from '../read/read-direct.ts';
import { objectName, resolveReadObject } from '../read/read-object.ts';
import { chooseSignature, inputsOf, isCursor, readArguments, renderArgument } from './call-arguments.ts';
import type { CallCursor, CallResult, CallSpec } from './call-spec.ts';

/** Rows of one FETCH: what a cluster of one node allows. */
export const FETCH_ROWS = 1_000;

/**
 * Calls a stored procedure, found by the types of its arguments. One that opens cursors is called in a transaction, which
 * their rows are fetched in and which is committed then; another one as it is, so that it may commit by itself. It is
 * never called twice. Throws RS_CONFIG_INVALID, RS_CONFIG_OBJECT_MISSING, RS_SQL_USER_FAILED, RS_COMMIT_UNKNOWN.
 */
export async function call(
  { database, options }: Pick<Connection, 'database' | 'options'>,
  spec: CallSpec,
  run: Run,
): Promise<CallResult> {
  const limit = integerAttribute('call', 'limit', spec.limit);
  await using session = await database.session(run);
  const { statement, opensCursor } = await planCall(session, options.defaultSchema, spec, run);
  if (!opensCursor) {
    return { outputs: outputsOf(await runCall(session, statement, run)), results: [] };
  }
  return await session.transaction(run, async () => {
    const answer = await runCall(session, statement, run);
    const results: CallCursor[] = [];
    for (const { name, cursor } of cursorsOf(answer)) {
      results.push({ name, ...(await fetchRows(session, cursor, limit, run)) });
    }
    return { outputs: outputsOf(answer), results };
  });
}

/** A CALL, and whether rows are to be fetched after it. */
export interface PlannedCall {
  readonly statement: Sql;
  readonly opensCursor: boolean;
}

/** Finds the procedure by the arguments. The session is closed at the end: a procedure may change its settings. */
export async function planCall(
  session: Session,
  defaultSchema: string,
  { procedure: reference, arguments: values = [] }: Pick<CallSpec, 'procedure' | 'arguments'>,
  run: Run,
): Promise<PlannedCall> {
  const procedure = resolveReadObject(reference, defaultSchema, 'procedure');
  const given = readArguments(values);
  const signatures = await listProcedures(session, procedure.path, run);
  const signature = chooseSignature(procedure.path.join('.'), signatures, given);
  const rendered = inputsOf(signature).map((argument, index) =>
    renderArgument(given[index] ?? { value: null }, argument, `arguments[${index}]`),
  );
  session.taint('a procedure may have changed its settings');
  return {
    statement: sql`CALL ${objectName(procedure)}(${join(rendered)})`,
    opensCursor: signature.arguments.some(({ type }) => isCursor(type)),
  };
}

/** Sends the CALL: what fails in it is the procedure, which is the user's. */
export function runCall(session: Session, statement: Sql, run: Run): Promise<Rows> {
  return session.run(statement, run, { userSql: [] });
}

function outputsOf(answer: Rows): CallResult['outputs'] {
  return outputBatch(answer).rows()[0] ?? {};
}

/** What a procedure put out, cursors left out, as a batch of one row; of none where it puts out nothing. */
export function outputBatch(answer: Rows): Batch {
  const fields = fieldsOf(answer);
  const kept = fields.flatMap((field, position) => (isCursor(field.type) ? [] : [{ field, position }]));
  const rows = answer.rows.map((row) => kept.map(({ position }) => row[position] ?? null));
  return decodeRows(requireSupported(kept.map(({ field }): Field => field)), rows);
}

/** Arguments that are cursors, and what those are called. */
export function cursorsOf(answer: Rows): readonly { readonly name: string; readonly cursor: string }[] {
  const [row = []] = answer.rows;
  return fieldsOf(answer).flatMap(({ name, type }, position) => {
    const cursor = row[position];
    return isCursor(type) && cursor !== null && cursor !== undefined ? [{ name, cursor }] : [];
  });
}

async function fetchRows(session: Session, cursor: string, limit: number, run: Run): Promise<Omit<CallCursor, 'name'>> {
  const from = identifier(cursor);
  const rows: (readonly (string | null)[])[] = [];
  let fields: Rows['fields'] = [];
  for (;;) {
    // One more than is wanted tells whether there are more.
    const wanted = Math.min(FETCH_ROWS, limit + 1 - rows.length);
    const answer = await session.run(sql`FETCH FORWARD ${integer(wanted)} FROM ${from}`, run);
    fields = answer.fields;
    rows.push(...answer.rows);
    if (answer.rows.length < wanted || rows.length > limit) break;
  }
  await session.run(sql`CLOSE ${from}`, run);
  const supported = requireSupported(fieldsOf({ fields }));
  return { batch: decodeRows(supported, rows.slice(0, limit)), hasMore: rows.length > limit };
}
