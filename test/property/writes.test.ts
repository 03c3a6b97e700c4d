import { QUICK } from './runs.ts';
import { describeWrites } from './writes.ts';

describeWrites(QUICK, 4, { columns: 8, rows: 8, loads: 3 });
