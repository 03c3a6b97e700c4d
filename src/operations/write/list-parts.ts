import { defined } from '../../core/defined.ts';
import type { FileSource, FilesSource } from '../write-spec.ts';
import type { InputPart } from './input-part.ts';
import { namesOf } from './input-sources.ts';
import { localPart } from './local-part.ts';

/** The files of an input, in their order. Throws RS_CONFIG_OBJECT_MISSING and RS_INPUT_INVALID. */
export async function listParts(input: FileSource | FilesSource): Promise<readonly InputPart[]> {
  const places = 'files' in input ? input.files : [input.file];
  const { format, delimiter } = input;
  const names = namesOf(places);
  const parts: InputPart[] = [];
  for (const [index, place] of places.entries()) {
    parts.push(await localPart(place, names[index] ?? place, defined({ format, delimiter })));
  }
  return parts;
}
