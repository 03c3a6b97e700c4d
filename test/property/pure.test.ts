import { describePure } from './pure.ts';
import { QUICK } from './runs.ts';

describePure(QUICK, 5);
