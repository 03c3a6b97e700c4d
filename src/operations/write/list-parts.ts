import { defined } from '../../core/defined.ts';
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
  const { format, delimiter } = input;
  const form = defined({ format, delimiter });
  const spoolBytes = MIB * integerAttribute('write', 'spoolMib', spec.spoolMib);
  const s3 = new S3Input({ connection, folder, form, spoolBytes, bucketOwner: spec.sourceBucketOwner, run });
  const names = namesOf(places.map((place) => (typeof place === 'string' ? place : nameOfStream(place))));
  try {
    const parts: InputPart[] = [];
    for (const [index, place] of places.entries()) {
      const name = names[index] ?? 'a file';
      if (typeof place !== 'string') parts.push(streamPart({ stream: place, name, form, folder, spoolBytes }));
      else if (isS3(place)) parts.push(...(await s3.list(place)));
      else parts.push(await localPart(place, name, form));
    }
    return { parts, [Symbol.asyncDispose]: () => s3[Symbol.asyncDispose]() };
  } catch (error) {
    await s3[Symbol.asyncDispose]();
    throw error;
  }
}

function nameOfStream(stream: unknown): string {
  return stream === process.stdin ? 'standard input' : 'the stream';
}
