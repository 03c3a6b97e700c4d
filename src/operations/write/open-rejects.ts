import { basename, resolve } from 'node:path';
import { invalidField } from '../../core/invalid-field.ts';
import type { StagingArea } from '../../staging/staging-area.ts';
import type { Connection } from '../connection.ts';
import type { WriteInput, WriteSpec } from '../write-spec.ts';
import { Rejects } from './rejects.ts';

/** Opens the reject file that a write asks for; `undefined` where it asks for none. Throws RS_CONFIG_INVALID. */
export async function openRejects(
  { workDirectory }: Connection,
  { rejectFile }: WriteSpec,
  input: WriteInput,
  area: StagingArea,
): Promise<Rejects | undefined> {
  if (rejectFile === undefined) return undefined;
  const source = 'file' in input ? input.file : 'rejects' in input ? input.rejects : undefined;
  if (source !== undefined && resolve(source) === resolve(rejectFile)) {
    throw invalidField('rejectFile', 'The reject file is the file that is loaded', 'Name another file in rejectFile.');
  }
  const named = source === undefined ? {} : { source: basename(source) };
  return Rejects.open({ path: rejectFile, workDirectory, area, ...named });
}
