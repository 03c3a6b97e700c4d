import type { Attributes } from '@opentelemetry/api';
import type { RunBeginEvent, StatementEvent } from '../core/events.ts';

/** What every span and measurement of a run tells of its place: https://opentelemetry.io/docs/specs/semconv/db/ */
export function placeOf({ database, host, port }: Partial<RunBeginEvent> = {}): Attributes {
  return {
    'db.system.name': 'aws.redshift',
    ...(database === undefined ? {} : { 'db.namespace': database }),
    ...(host === undefined ? {} : { 'server.address': host }),
    ...(host === undefined || port === undefined ? {} : { 'server.port': port }),
  };
}

/** What a statement was, and how it failed; never its text. */
export function statementAttributes({ verb, errorCode, sqlState }: StatementEvent): Attributes {
  return {
    'db.operation.name': verb,
    ...(sqlState === undefined ? {} : { 'db.response.status_code': sqlState }),
    ...errorType(errorCode),
  };
}

/** A class of failures that does not grow with the data: our error code. */
export function errorType(errorCode: string | undefined): Attributes {
  return errorCode === undefined ? {} : { 'error.type': errorCode };
}
