import { defined } from '../../core/defined.ts';
import { ConnectorError } from '../../core/errors.ts';
import { type Run, sleep } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import { integer, literal, type Sql, sql } from '../../sql/sql.ts';
import type { LoadReject } from '../write-report.ts';
import { mendRows, rowsOf } from './too-many-rejects.ts';

/** Rows of a view that are read where fewer are expected: more than one may be of the same row. */
const LEAST = 100;
/** Longest wait for the reasons: they are an extra. */
const LIMIT_MS = 30_000;
/** The views learn of errors some seconds after the COPY: they are asked again for this long, ever more rarely. */
const LAG_MS = 15_000;
const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 4_000;

/** Redshift's numbers, in words. Its own texts quote values of the rows, so they are never passed on. */
const REASONS: Readonly<Record<string, string>> = {
  '1201': 'a delimiter is missing',
  '1202': 'the line has more fields than the table has columns',
  '1203': 'the line has fewer fields than the table has columns',
  '1204': 'the value is too long for the column or out of its range',
  '1205': 'not a date',
  '1206': 'not a timestamp',
  '1207': 'not a number: a character other than a digit',
  '1208': 'not a floating point number',
  '1209': 'not a decimal, or too large for the column',
  '1210': 'not a boolean',
  '1211': 'the line is empty',
  '1212': 'the file was not found',
  '1213': 'NULL in a column that takes none',
  '1214': 'a delimiter is missing',
  '1215': 'a character that CHAR cannot hold',
  '1216': 'the line is not valid',
  '1217': 'not a valid identity value',
  '1218': 'the value holds a NUL character',
  '1219': 'not valid UTF-8',
  '1220': 'not valid UTF-8',
  '1221': 'the encoding of the file is another one',
  '1222': 'the number is too large for the column',
  '1223': 'the value does not fit the type',
  '1224': 'not valid JSON',
};

/**
 * Reads why Redshift refused rows of this run's files, and waits a while until as many reasons are there as `expected`.
 * Never throws but for an abort of the run: without the right to see the views, none are told.
 */
export async function readLoadErrors(
  session: Session,
  folderName: string,
  expected: number,
  run: Run,
): Promise<readonly LoadReject[]> {
  const deadlineMs = performance.now() + LAG_MS;
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS)) {
    const found = await lookOnce(session, folderName, Math.max(LEAST, expected * 2), run);
    if (found === undefined) return [];
    if (found.length >= expected || performance.now() + delayMs > deadlineMs) return found;
    await sleep(delayMs, run.signal);
  }
}

/** `undefined`: it makes no sense to look again. */
async function lookOnce(
  session: Session,
  folderName: string,
  most: number,
  run: Run,
): Promise<readonly LoadReject[] | undefined> {
  if (session.isBroken) return undefined;
  const limited = { ...run, signal: AbortSignal.any([run.signal, AbortSignal.timeout(LIMIT_MS)]) };
  // The folder's random name finds them in every view, whatever session or query they are booked under.
  const pattern = literal(`%/${folderName}/%`);
  for (const query of [fromSysView(pattern, most), fromStlView(pattern, most)]) {
    try {
      const { rows } = await session.run(query, limited);
      return rows.map(rejectOf);
    } catch (error) {
      const message = error instanceof ConnectorError ? error.message : 'aborted';
      run.publish({ type: 'suppressed', reason: 'reading the reasons of rejected rows', message });
      if (session.isBroken || limited.signal.aborted) return undefined;
    }
  }
  return undefined;
}

/** Provisioned and serverless alike. */
function fromSysView(pattern: Sql, most: number): Sql {
  return sql`SELECT file_name, line_number, column_name, error_code, column_type, column_length FROM sys_load_error_detail WHERE file_name LIKE ${pattern} ORDER BY file_name, line_number LIMIT ${integer(most)}`;
}

/** Provisioned only, for users who do not see the other. */
function fromStlView(pattern: Sql, most: number): Sql {
  return sql`SELECT filename, line_number, colname, err_code, type, col_length FROM stl_load_errors WHERE filename LIKE ${pattern} ORDER BY filename, line_number LIMIT ${integer(most)}`;
}

/** Columns of both views are padded with blanks. */
function rejectOf(row: readonly (string | null)[]): LoadReject {
  const [file = '', line = '', column = '', code = '', type = '', length = ''] = row.map((value) =>
    (value ?? '').trim(),
  );
  const size = /^[1-9]\d*$/.test(length) ? `(${length})` : '';
  const reason = REASONS[code] ?? 'see the error code in the Redshift documentation';
  return {
    file: file.slice(file.lastIndexOf('/') + 1),
    line: Number(line),
    column,
    code,
    reason: type === '' ? reason : `${reason} (${type}${size})`,
  };
}

/** RS_LOAD_REJECTED with the first of the reasons in its message, and all facts but the values. */
export function loadRejected(
  targetName: string,
  rejectLimit: number,
  rejects: readonly LoadReject[],
  cause: unknown,
): ConnectorError {
  const [first] = rejects;
  const place =
    first?.row === undefined ? '' : `row ${first.row}${first.source === undefined ? '' : ` of ${first.source}`}, `;
  const where = first === undefined ? '' : `: ${place}column ${JSON.stringify(first.column)}: ${first.reason}`;
  const many = rejectLimit === 0 ? 'rows' : `more than ${rowsOf(rejectLimit)}`;
  return new ConnectorError('RS_LOAD_REJECTED', `Redshift refused ${many} of the load into ${targetName}${where}`, {
    action: mendRows(rejectLimit),
    details: {
      rejectLimit,
      reasonsFound: rejects.length,
      ...(first === undefined
        ? {}
        : {
            ...defined({ row: first.row, source: first.source }),
            file: first.file ?? '',
            line: first.line ?? 0,
            column: first.column,
            code: first.code,
            reason: first.reason,
          }),
    },
    cause,
  });
}
