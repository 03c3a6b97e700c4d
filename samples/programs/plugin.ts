// A platform that loads the plugin: opens a filled form, checks it, reads, writes once for a run id.
// Run: node --import tsx samples/programs/plugin.ts warehouse.yaml sales.orders run-1
import { ConnectorError, connector, diagnosisOf, loadConnectionFile } from 'roleshift';

const [file = 'warehouse.yaml', object = 'sales.orders', runId = 'run-1'] = process.argv.slice(2);
const signal = AbortSignal.timeout(60_000);

await using redshift = connector.open(await loadConnectionFile(file));

const report = await redshift.check({ signal });
for (const { verdict, title, error } of report.steps) console.log(verdict.padEnd(8), title, error?.message ?? '');
if (!report.ok) process.exit(1);

try {
  const written = await redshift.write(
    { object, operation: 'upsert', keys: ['id'], runId },
    [
      { id: 1n, note: 'first', amount: '10.50' },
      { id: 2n, note: null, amount: '0.10' },
    ],
    { signal },
  );
  console.log('written', written.rows.loaded, written.alreadyApplied ? '(before)' : '(now)');
} catch (error) {
  if (!(error instanceof ConnectorError)) throw error;
  console.error(error.code, error.message, error.action);
  for (const { reason, command } of diagnosisOf(error)?.candidates ?? []) console.error(reason, command);
  process.exitCode = 1;
}

for await (const batch of redshift.read({ object, orderBy: ['id'] }, { signal })) {
  for (const row of batch.rows()) console.log('row', row['id'], row['note'], row['amount']);
}
