import { defined } from '../../core/defined.ts';
import type { Run } from '../../core/run.ts';
import { readCursor } from '../../db/cursor.ts';
import type { Rows } from '../../db/rows.ts';
import type { Session } from '../../db/session.ts';
import { integerAttribute } from '../../manifest/attributes.ts';
import { type Batch, openBatch, type Value } from '../../types/batch.ts';
import { codecFor } from '../../types/codec.ts';
import type { SupportedField } from '../../types/field.ts';
import { wireDecoder } from '../../types/wire-decoder.ts';
import type { Connection } from '../connection.ts';
import { type DescribedSource, describeSource } from './read-describe.ts';
import { directSelect, mayLoseOrder } from './read-select.ts';
import { planReadSource } from './read-source.ts';
import type { ReadSpec } from './read-spec.ts';

const ORDER_MAY_BE_LOST = {
  type: 'warning',
  code: 'ORDER_LOST',
  message:
    'The query sorts, but its order may be lost: cast its REAL columns to DOUBLE PRECISION in the query to keep it',
} as const;

/**
 * Reads by cursor over a session of its own, which is held until the last batch or until the loop is left. The first batch
 * comes at once, empty when there are no rows: it tells the fields. Throws RS_CONFIG_INVALID, RS_CONFIG_OBJECT_MISSING,
 * RS_SQL_USER_FAILED, RS_TYPE_UNSUPPORTED and the errors of a session.
 */
export async function* readDirect(
  { database, options }: Pick<Connection, 'database' | 'options'>,
  spec: ReadSpec,
  run: Run,
): AsyncGenerator<Batch, void, undefined> {
  const source = planReadSource(spec, options.defaultSchema);
  const batchRows = integerAttribute('read', 'batchRows', spec.batchRows);
  await using session = await database.session(run);
  yield* directBatches(session, await describeSource(session, source, run), { batchRows }, run);
}

/** Tells others how far a part of a read has come. */
export type OnRows = (rows: number) => void;

export interface DirectReadOptions {
  readonly batchRows: number;
  /** Hears of rows as they were taken. Default: they are published. */
  readonly onRows?: OnRows | undefined;
  /** Runs in the transaction that reads. */
  readonly onBegin?: (() => Promise<void>) | undefined;
}

/** The rows of a described source over this session: see `readDirect`. */
export async function* directBatches(
  session: Session,
  { source, fields }: DescribedSource,
  { batchRows, onRows = (rows) => run.publish({ type: 'progress', phase: 'fetch', rows }), onBegin }: DirectReadOptions,
  run: Run,
): AsyncGenerator<Batch, void, undefined> {
  const { statement, origin } = directSelect(source, fields);
  if (mayLoseOrder(source, fields)) run.publish(ORDER_MAY_BE_LOST);

  let rowsLeft = source.limit ?? Number.POSITIVE_INFINITY;
  let delivered = 0;
  let isEmpty = true;
  if (rowsLeft > 0) {
    const answers = readCursor(session, statement, {
      run,
      batchRows: Math.min(batchRows, rowsLeft),
      decoders: fields.map(({ type }) => wireDecoder(type)),
      maxRows: rowsLeft,
      origin,
      ...defined({ onBegin }),
    });
    for await (const { columns, rowCount } of answers) {
      const wanted = Math.min(rowCount, rowsLeft);
      isEmpty = false;
      rowsLeft -= wanted;
      yield openBatch(fields, wanted < rowCount ? columns.map((column) => column.slice(0, wanted)) : columns, wanted);
      delivered += wanted;
      onRows(delivered);
      if (rowsLeft <= 0) return;
    }
  }
  if (isEmpty) yield decodeRows(fields, []);
}

/** Rows of text as a batch of values. */
export function decodeRows(fields: readonly SupportedField[], rows: Rows['rows']): Batch {
  const columns = fields.map(({ type }, position) => {
    const { fromText } = codecFor(type);
    const values: Value[] = [];
    for (const row of rows) {
      const text = row[position];
      values.push(text === null || text === undefined ? null : fromText(text));
    }
    return values;
  });
  return openBatch(fields, columns, rows.length);
}
