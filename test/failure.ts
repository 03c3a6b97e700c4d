import { ConnectorError } from '../src/core/errors.ts';

/** The `ConnectorError` that a call throws; fails when it throws none, or another error. */
export function failureOf(act: () => unknown): ConnectorError {
  try {
    act();
  } catch (error) {
    return asConnectorError(error);
  }
  throw new Error('expected a ConnectorError, and nothing was thrown');
}

/** The `ConnectorError` that a promise rejects with; fails when it resolves, or rejects with another error. */
export async function rejectionOf(work: Promise<unknown>): Promise<ConnectorError> {
  const outcome: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  return asConnectorError(outcome);
}

function asConnectorError(error: unknown): ConnectorError {
  if (error instanceof ConnectorError) return error;
  throw new Error('expected a ConnectorError', { cause: error });
}
