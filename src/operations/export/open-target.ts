import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { Connection } from '../connection.ts';
import type { ExportTarget } from './export-target.ts';
import { type ExportPlan, writtenObjects } from './file-destination.ts';
import { openLocalTarget } from './local-target.ts';
import { openS3Target } from './s3-target.ts';

const PACKED: Readonly<Record<string, string>> = { gzip: '.gz', zstd: '.zst' };

/** The place of an export, looked at before anything is read. Attempts of one run have a key in common. */
export function openTarget(
  connection: Connection,
  plan: ExportPlan,
  resumeKey: string | undefined,
  run: Run,
): Promise<ExportTarget> {
  const { place, replace, form } = plan;
  for (const one of writtenObjects(plan)) connection.checkTarget?.(one);
  const isSplit = plan.split !== undefined;
  switch (place.kind) {
    case 'local':
      return openLocalTarget({ path: place.path, isSplit, replace, resumeKey }, run);
    case 's3': {
      const packed = form.format === 'parquet' ? '' : (PACKED[form.compression] ?? '');
      return openS3Target(
        connection,
        { ...place, isSplit, replace, resumeKey, extension: `.${form.format}${packed}` },
        run,
      );
    }
    case 'stream':
      return Promise.resolve({
        open: () => ({ file: '-', consume: place.consume }),
        adopt: () => Promise.resolve(),
        keep: () => undefined,
        commit: () => Promise.resolve(),
        note: () => Promise.reject(new ConnectorError('RS_INTERNAL', 'A stream has no files beside it')),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      });
  }
}
