import type { StatementHandler } from '../pg/statement-handler.ts';
import { runCopy } from './copy.ts';
import { isCopy } from './parse-copy.ts';
import { isUnload } from './parse-unload.ts';
import { runUnload } from './unload.ts';

/** COPY from S3 and UNLOAD to S3, for the pg endpoint. */
export const LOAD_HANDLERS: readonly StatementHandler[] = [
  { matches: isCopy, run: runCopy },
  { matches: isUnload, run: runUnload },
];
