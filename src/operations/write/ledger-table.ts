import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import type { TablePath } from '../../sql/copy.ts';
import {
  type LedgerEntry,
  readLedger,
  readLoadedFiles,
  renderCreateLedger,
  renderReadFiles,
  renderReadLedger,
} from '../../sql/ledger.ts';
import { integer, sql } from '../../sql/sql.ts';

/** What a writer does with a ledger; LOCK asks for the last two. */
const RIGHTS = 'SELECT, INSERT, UPDATE and DELETE';

/** The other choice, and its price. */
const WITHOUT =
  'Or set ledger to off (--no-ledger): then a run that is repeated is applied again, and a lost answer to COMMIT stays unknown.';

/** How long the first look may wait for a load that holds the ledger; the look under lock comes later anyway. */
const PEEK_MS = 1_000;

/**
 * Makes sure that the target's ledger exists, before any transaction, and looks whether an entry is in it: a run that was
 * committed already, a file that was loaded. `undefined`: not yet, as far as can be seen without a lock. `restoreMs` is the session's own statement timeout.
 */
export async function openLedger(
  session: Session,
  ledger: TablePath,
  entry: string,
  restoreMs: number,
  run: Run,
): Promise<LedgerEntry | undefined> {
  const look = (): Promise<Seen<LedgerEntry | undefined> | undefined> => peek(session, ledger, entry, restoreMs, run);
  let seen: Seen<LedgerEntry | undefined> | undefined;
  try {
    seen = await look();
  } catch (error) {
    if (!isCode(error, 'RS_CONFIG_OBJECT_MISSING')) throw explainPeek(error, ledger);
    await create(session, ledger, run, look);
    return undefined;
  }
  // A look that was cancelled does not tell that there is a ledger: an administrator or a rule may have done it.
  if (seen === undefined) await quickly(session, restoreMs, run, () => create(session, ledger, run, look));
  return seen?.value;
}

/** What a look found, where it was not cancelled. */
interface Seen<T> {
  readonly value: T;
}

/** Whether the ledger is there. One that a load holds is. */
export async function hasLedger(
  session: Session,
  ledger: TablePath,
  entry: string,
  restoreMs: number,
  run: Run,
): Promise<boolean> {
  try {
    await peek(session, ledger, entry, restoreMs, run);
    return true;
  } catch (error) {
    if (isCode(error, 'RS_CONFIG_OBJECT_MISSING')) return false;
    throw explainPeek(error, ledger);
  }
}

/** Rows of those files that were loaded before, by their keys, as far as can be seen without a lock on a ledger that is there. */
export async function peekFiles(
  session: Session,
  ledger: TablePath,
  fileKeys: readonly string[],
  restoreMs: number,
  run: Run,
): Promise<ReadonlyMap<string, number>> {
  const seen = await quickly(session, restoreMs, run, () => readFiles(session, ledger, fileKeys, run));
  return seen?.value ?? new Map();
}

/** Keys that one statement asks for. */
const KEYS_AT_ONCE = 500;

/** The same without a limit in time of its own. */
export async function readFiles(
  session: Session,
  ledger: TablePath,
  fileKeys: readonly string[],
  run: Run,
): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for (let start = 0; start < fileKeys.length; start += KEYS_AT_ONCE) {
    const { rows } = await session.run(renderReadFiles(ledger, fileKeys.slice(start, start + KEYS_AT_ONCE)), run);
    for (const [key, read] of readLoadedFiles(rows)) found.set(key, read);
  }
  return found;
}

async function peek(
  session: Session,
  ledger: TablePath,
  entry: string,
  restoreMs: number,
  run: Run,
): Promise<Seen<LedgerEntry | undefined> | undefined> {
  return await quickly(session, restoreMs, run, async () => {
    const { rows } = await session.run(renderReadLedger(ledger, entry), run);
    return readLedger(entry, rows);
  });
}

/** `undefined` where it was cancelled: most often since somebody is loading into the same table right now. */
async function quickly<T>(
  session: Session,
  restoreMs: number,
  run: Run,
  look: () => Promise<T>,
): Promise<Seen<T> | undefined> {
  await session.run(sql`SET statement_timeout TO ${integer(PEEK_MS)}`, run);
  try {
    return { value: await look() };
  } catch (error) {
    if (!isCode(error, 'RS_TIMEOUT')) throw error;
    return undefined;
  } finally {
    if (!session.isBroken && !run.signal.aborted) {
      await session.run(sql`SET statement_timeout TO ${integer(restoreMs)}`, run);
    } else session.taint('its statement timeout could not be restored');
  }
}

/** Two first writers may create it at once: then the loser's refusal does not matter. */
async function create(session: Session, ledger: TablePath, run: Run, look: () => Promise<unknown>): Promise<void> {
  const statement = renderCreateLedger(ledger);
  try {
    await session.run(statement, run);
  } catch (error) {
    if (session.isBroken || run.signal.aborted) throw error;
    try {
      await look();
    } catch {
      throw explainCreate(error, ledger, String(statement));
    }
  }
}

function explainCreate(error: unknown, ledger: TablePath, statement: string): unknown {
  if (!isCode(error, 'RS_AUTH_PERMISSION')) return error;
  const name = ledger.join('.');
  return new ConnectorError(
    'RS_AUTH_PERMISSION',
    `The ledger table ${name} is missing, and the database user may not create it`,
    {
      action: `Let the owner of the schema run the statement in the details, and grant ${RIGHTS} on the table. ${WITHOUT}`,
      details: { ledger: name, statement },
      cause: error,
    },
  );
}

function explainPeek(error: unknown, ledger: TablePath): unknown {
  return isCode(error, 'RS_AUTH_PERMISSION') ? ledgerRefused(ledger, error) : error;
}

/** RS_AUTH_PERMISSION for a ledger that is there and may not be read, written or locked. */
export function ledgerRefused(ledger: TablePath, cause: ConnectorError): ConnectorError {
  return new ConnectorError(
    'RS_AUTH_PERMISSION',
    `The database user may not use the ledger table ${ledger.join('.')}`,
    {
      action: `Let its owner grant ${RIGHTS} on it to the user. ${WITHOUT}`,
      details: { ledger: ledger.join('.') },
      cause,
    },
  );
}

function isCode(error: unknown, code: ConnectorError['code']): error is ConnectorError {
  return error instanceof ConnectorError && error.code === code;
}
