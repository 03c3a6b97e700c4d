import { defined } from '../../core/defined.ts';
import { invalidField } from '../../core/invalid-field.ts';
import type { Run } from '../../core/run.ts';
import { integerAttribute } from '../../manifest/attributes.ts';
import type { Connection } from '../connection.ts';
import type { FileSource, FilesSource, WriteSpec } from '../write-spec.ts';
import type { InputPart, InputParts } from './input-part.ts';
import { namesOf } from './input-sources.ts';
import { localPart } from './local-part.ts';
import { S3Input } from './s3-parts.ts';
import { isS3 } from './s3-place.ts';
import { streamPart } from './stream-part.ts';

const MIB = 1024 * 1024;

/**
 * The files of an input, local and in S3, in their order. `folder`: where files go that have to be brought here. Throws
 * RS_CONFIG_OBJECT_MISSING, RS_CONFIG_INVALID, RS_CONFIG_FORBIDDEN and RS_INPUT_INVALID.
 */
export async function listParts(
  connection: Connection,
  spec: WriteSpec,
  input: FileSource | FilesSource,
  folder: string,
  run: Run,
): Promise<InputParts> {
  const places = 'files' in input ? input.files : [input.file];
  const { delimiter } = input;
  const format = isArrow(input) ? 'arrow' : input.format;
  // The columnar engine does not read Arrow, and is not asked to: any of its formats will do.
  const form = defined({ format: format === 'arrow' ? ('parquet' as const) : format, delimiter });
  const spoolBytes = MIB * integerAttribute('write', 'spoolMib', spec.spoolMib);
  const keep = spec.rejectFile !== undefined;
  const s3 = new S3Input({ connection, folder, form, spoolBytes, bucketOwner: spec.sourceBucketOwner, run });
  const names = namesOf(places.map((place) => (typeof place === 'string' ? place : nameOfStream(place))));
  try {
    const parts: InputPart[] = [];
    for (const [index, place] of places.entries()) {
      const name = names[index] ?? 'a file';
      if (typeof place !== 'string') parts.push(streamPart({ stream: place, name, form, folder, spoolBytes, keep }));
      else if (isS3(place)) parts.push(...(await s3.list(place)));
      else parts.push(await localPart(place, name, form));
    }
    return { parts, [Symbol.asyncDispose]: () => s3[Symbol.asyncDispose]() };
  } catch (error) {
    await s3[Symbol.asyncDispose]();
    throw error;
  }
}

/** Arrow goes another way than the other formats, so that all files are of it or none. Throws RS_CONFIG_INVALID. */
export function isArrow(input: FileSource | FilesSource): boolean {
  if (input.format !== undefined) return input.format === 'arrow';
  const files = 'files' in input ? input.files : [input.file];
  const arrow = files.filter((file) => typeof file === 'string' && /\.(?:arrows?|feather|ipc)$/i.test(file));
  if (arrow.length === 0 || arrow.length === files.length) return arrow.length > 0;
  throw invalidField(
    'files',
    'Files of Arrow and of other formats cannot be written together',
    'Write them one after the other.',
  );
}

function nameOfStream(stream: unknown): string {
  return stream === process.stdin ? 'standard input' : 'the stream';
}
