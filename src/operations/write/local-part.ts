import { createReadStream } from 'node:fs';
import {
  type AdmittedFile,
  admitFile,
  type InputFile,
  lookAtFile,
  requireBytes,
  requireFile,
} from '../../columnar/input-file.ts';
import { ConnectorError } from '../../core/errors.ts';
import type { EngineForm, InputPart } from './input-part.ts';
import { localSource } from './source-file.ts';

/** A local file, which the engine reads where it is. Throws RS_CONFIG_OBJECT_MISSING, RS_INPUT_INVALID. */
export async function localPart(file: string, name: string, form: EngineForm): Promise<InputPart> {
  const bytes = await requireFile(file);
  const source = await localSource(file);
  let admitted: AdmittedFile | undefined;
  let opened: InputFile | undefined;
  return {
    name,
    source,
    bytesToFetch: 0,
    admit: async (engine, position) => {
      if (engine !== undefined) admitted = await admitFile(engine, { ...form, file }, position);
      else requireBytes(`The file ${JSON.stringify(file)}`, 'arrow', bytes); // the engine reads all else
    },
    fetch: () => undefined,
    bytes: ({ signal }) => createReadStream(file, { highWaterMark: 1024 * 1024, signal }),
    open: async (engine, run) => {
      admitted ??= await admitFile(engine, { ...form, file });
      opened ??= await lookAtFile(engine, admitted, run);
      return opened;
    },
    release: async () => {
      const { version } = await localSource(file);
      if (version === source.version) return;
      throw new ConnectorError('RS_INPUT_INVALID', `The file ${JSON.stringify(name)} changed while it was being read`, {
        action: 'Nothing was committed. Write it in full under another name, rename it, and run again.',
        details: { source: name },
      });
    },
  };
}
