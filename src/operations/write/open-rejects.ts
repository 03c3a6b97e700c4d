import { resolve } from 'node:path';
import { invalidField } from '../../core/invalid-field.ts';
import type { StagedFiles } from '../../staging/stage-sink.ts';
import type { Connection } from '../connection.ts';
import type { WriteInput, WriteSpec } from '../write-spec.ts';
import type { OpenInput } from './open-input.ts';
import { Rejects } from './rejects.ts';

/** Opens the reject file that a write asks for; `undefined` where it asks for none. Throws RS_CONFIG_INVALID. */
export async function openRejects(
  { workDirectory }: Connection,
  { rejectFile }: WriteSpec,
  input: WriteInput,
  source: OpenInput,
  area: StagedFiles,
): Promise<Rejects | undefined> {
  if (rejectFile === undefined) return undefined;
  if (pathsOf(input).some((path) => resolve(path) === resolve(rejectFile))) {
    throw invalidField('rejectFile', 'The reject file is the file that is loaded', 'Name another file in rejectFile.');
  }
  return Rejects.open({
    path: rejectFile,
    workDirectory,
    area,
    placeOf: (row) => source.placeOf(row),
    linesOf: async (rows, run) => (await source.linesOf?.(rows, run)) ?? new Map(),
  });
}

function pathsOf(input: WriteInput): readonly string[] {
  if ('file' in input || 'files' in input) {
    const files = 'file' in input ? [input.file] : input.files;
    return files.filter((file) => typeof file === 'string');
  }
  return 'rejects' in input ? [input.rejects] : [];
}
