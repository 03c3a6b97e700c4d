import { ConnectorError } from '../../core/errors.ts';
import { plainLine } from '../../core/plain-text.ts';
import { diagnosisOf } from '../diagnosis-of.ts';
import type { CheckError } from './report.ts';

/** How much of a foreign answer is shown. */
const MAX_SAID = 500;

/** Nobody answered: what is known stands in our own message. */
const OWN_WORDS = /^RS_(?:CONN_|TIMEOUT|INTERNAL)/;

/** What the AWS SDK puts where an answer has no words, as to a HEAD request. */
const NO_WORDS = 'UnknownError';

/** A failure as the report shows it. One that is not ours is a defect: only its kind is told. */
export function describeFailure(error: unknown): CheckError {
  if (error instanceof ConnectorError) {
    const { code, category, message, action, details } = error;
    const said = saidBy(error);
    const diagnosis = diagnosisOf(error);
    return {
      code,
      category,
      message,
      ...(said === undefined || message.includes(said) ? {} : { said }),
      ...(action === undefined ? {} : { action }),
      details,
      ...(diagnosis === undefined ? {} : { diagnosis }),
    };
  }
  const kind = error instanceof Error ? error.name : typeof error;
  return {
    code: 'RS_INTERNAL',
    category: 'internal',
    message: `The check itself failed with ${kind}`,
    action: 'Report it, with what you did.',
  };
}

/**
 * The words of whoever refused: the innermost cause, which is a copy without secrets and row values wherever an error of
 * ours has one.
 */
function saidBy(error: ConnectorError): string | undefined {
  if (OWN_WORDS.test(error.code)) return undefined;
  let { cause } = error;
  while (cause instanceof ConnectorError) cause = cause.cause;
  const said = cause instanceof Error ? plainLine(cause.message, MAX_SAID) : '';
  return said === '' || said === NO_WORDS ? undefined : said;
}

/** What waits when the time for the check is over. A failure that was known by then stays what it is. */
export function outOfTime(error: unknown): ConnectorError {
  if (error instanceof ConnectorError) return error;
  return new ConnectorError('RS_TIMEOUT', 'The time for the check ran out during this step', {
    action:
      'Run it again; if it stays, look for what this step waits for: a queue of the cluster, a lock, the network.',
    cause: error,
  });
}
