/**
 * The benchmark: `npm run bench -- --help`. Method and results: docs/benchmarks.md.
 */
import { readFlags, USAGE } from './flags.ts';
import { ROWS } from './rows/rows.ts';
import { runBench } from './run.ts';

const flags = readFlags(process.argv.slice(2));
if (flags === 'help') console.log(USAGE);
else if (flags === 'list')
  for (const { id, title, named } of ROWS) console.log(`${id.padEnd(14)} ${title}${named ? ' (only when named)' : ''}`);
else process.exitCode = await runBench(flags);
