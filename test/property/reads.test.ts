import { describeReads } from './reads.ts';
import { QUICK } from './runs.ts';

describeReads(QUICK, 4, { columns: 8, rows: 8, readings: 3 });
