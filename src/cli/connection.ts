import { connector } from '../connector.ts';
import { loadConnectionFile } from '../manifest/connection-file.ts';
import type { ConnectionInput } from '../manifest/options.gen.ts';
import type { OpenConnector, OpenInit } from '../operations/calls/open-connector.ts';
import type { Output } from './output.ts';

/**
 * Opens the connection of a file; whoever asked disposes of it. In advanced mode it is the worker node that is to be tried,
 * also where the connection leaves the login to the agent.
 */
export async function openConnection(file: string, { onEvent }: Output, init: OpenInit = {}): Promise<OpenConnector> {
  const values = await loadConnectionFile(file);
  return connector.open(init.mode === 'advanced' ? asWorker(values) : values, { onEvent }, init);
}

/** A stored password is the same for everybody. */
function asWorker(values: ConnectionInput): ConnectionInput {
  return values.authType === 'assumeRole' ? { ...values, loginIdentity: 'worker' } : values;
}
