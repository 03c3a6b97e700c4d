import { describePure } from './pure.ts';
import { describeReads } from './reads.ts';
import { manyRuns } from './runs.ts';
import { describeWrites } from './writes.ts';

const runs = manyRuns(10);
describeWrites(runs, 10, { columns: 30, rows: 20, loads: 4 });
describeReads(runs, 10, { columns: 30, rows: 20, readings: 4 });
describePure(runs, 20);
