import { connector, type OpenConnector, type OpenInit } from '../connector.ts';
import { loadConnectionFile } from '../manifest/connection-file.ts';
import type { Output } from './output.ts';

/** Opens the connection of a file; whoever asked disposes of it. */
export async function openConnection(file: string, { onEvent }: Output, init: OpenInit = {}): Promise<OpenConnector> {
  return connector.open(await loadConnectionFile(file), { onEvent }, init);
}
