import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { FileSource } from '../write-spec.ts';
import type { OpenInput } from './open-input.ts';

/** Opens a local file. */
export async function openFile(
  _workDirectory: string,
  input: FileSource,
  _columns: readonly string[] | undefined,
  _run: Run,
): Promise<OpenInput> {
  throw new ConnectorError('RS_FEATURE_UNSUPPORTED', `Files are not read yet: ${input.file}`);
}
