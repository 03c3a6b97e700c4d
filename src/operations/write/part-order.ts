import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { InputPart } from './input-part.ts';
import type { InputSources } from './input-sources.ts';

/** Files that may be on their way here while one is staged, and what they may take on the disk together. */
const MOST_AHEAD = 4;
const BYTES_AHEAD = 512 * 1024 * 1024;

/** Begins to bring files here that come after the first of these. */
export function fetchAhead([, ...ahead]: readonly InputPart[], run: Run): void {
  let bytes = 0;
  for (const part of ahead.slice(0, MOST_AHEAD)) {
    bytes += part.bytesToFetch;
    if (bytes > BYTES_AHEAD) return;
    part.fetch(run);
  }
}

/** Throws RS_COUNT_MISMATCH for a file with other rows than its manifest says. */
export function requireRows({ name, rows }: InputPart, found: number): void {
  if (rows === undefined || rows === found) return;
  throw new ConnectorError('RS_COUNT_MISMATCH', `${name} has ${found} rows, and its manifest says ${rows}`, {
    action: 'Nothing was committed. Look who has changed it since the manifest was written.',
    details: { source: name, expected: rows, found },
  });
}

/** Failures of the work are told of the file that they are about. */
export async function telling<T>(places: InputSources, part: InputPart, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw places.tell(error, part.name);
  }
}
