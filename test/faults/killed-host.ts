import { connector } from '../../src/connector.ts';
import type { HostOrder } from './killed.ts';
import { OPERATIONS } from './operations.ts';

/** A host that does one operation, and is killed in it. */
async function work({ operation: name, values, workDirectory, output, table, runId }: HostOrder): Promise<void> {
  const operation = OPERATIONS.find((each) => each.name === name);
  const { signal } = new AbortController();
  const opened = connector.open(values, { workDirectory });
  await operation?.run({ on: { output }, connector: opened, table, runId, signal });
  process.exit(0);
}

process.once('message', (order: HostOrder) => void work(order));
