import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConnectorError } from '../../core/errors.ts';
import { invalidField } from '../../core/invalid-field.ts';
import type { WriteSpec } from '../write-spec.ts';

/** The file that an input's rows are in, as far as tells whether it was loaded before. */
export interface SourceFile {
  /** `file:` or `s3:` address. */
  readonly uri: string;
  /** What differs when the file has become another one: its ETag, or its size and the time of its last change. */
  readonly version: string;
}

const KEY = /^file:[0-9a-f]{64}$/;

/** Under which entry a ledger keeps that a file was loaded. */
export function fileKey({ uri, version }: SourceFile): string {
  return `file:${createHash('sha256').update(`${uri}\0${version}`).digest('hex')}`;
}

/** A local file as it is now: to be asked before it is read, so that a later change makes it another one. */
export async function localSource(path: string): Promise<SourceFile> {
  const { size, mtimeMs } = await stat(path);
  return { uri: pathToFileURL(resolve(path)).href, version: `${size} ${mtimeMs}` };
}

/**
 * The entries to look for, where files that were loaded are to be skipped; `sources` is absent for an input that is not of
 * files. Throws RS_CONFIG_INVALID where that cannot be.
 */
export function planSources(
  spec: WriteSpec,
  sources: readonly SourceFile[] | undefined,
  runId: string,
): readonly string[] | undefined {
  if (KEY.test(runId)) {
    throw new ConnectorError('RS_CONFIG_INVALID', 'A run id of this form stands for a file', {
      action: 'Choose another run id.',
    });
  }
  if (spec.skipLoadedFiles !== true) return undefined;
  const refuse = (why: string, action: string): ConnectorError =>
    invalidField('skipLoadedFiles', `Files that were loaded cannot be skipped: ${why}`, action);
  if (sources === undefined) {
    throw refuse('the input is no file that can be known again', 'Leave out skipLoadedFiles.');
  }
  if (spec.ledger === 'off') throw refuse('the ledger remembers them, and it is off', 'Keep a ledger.');
  if ((spec.before ?? 'none') !== 'none') {
    throw refuse('the rows of the table are to go first', 'Leave out skipLoadedFiles, or set before to none.');
  }
  const keys = sources.map(fileKey);
  const twice = keys.findIndex((key, index) => keys.indexOf(key) !== index);
  if (twice < 0) return keys;
  throw refuse(`${sources[twice]?.uri ?? 'one of them'} is named twice`, 'Name each file once.');
}
