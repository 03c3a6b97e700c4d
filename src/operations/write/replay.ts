import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { ConnectorError } from '../../core/errors.ts';
import type { InputRow } from '../write-spec.ts';

/**
 * The rows of a reject file, mended or not, as a write takes them. Throws RS_INPUT_INVALID for a line that is none, by its
 * number, and RS_CONFIG_OBJECT_MISSING where there is no such file.
 */
export async function* replayRows(path: string): AsyncGenerator<InputRow, void, undefined> {
  const stream = createReadStream(path);
  try {
    let line = 0;
    for await (const text of createInterface({ input: stream, crlfDelay: Infinity })) {
      line += 1;
      if (text.trim() !== '') yield valuesOf(text, line);
    }
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    if (!isMissing) throw cause;
    throw new ConnectorError('RS_CONFIG_OBJECT_MISSING', `There is no reject file ${JSON.stringify(path)}`, {
      action: 'Name the file that rejectFile made.',
      cause,
    });
  } finally {
    stream.destroy();
  }
}

/** The checked border: a person has had the file in hand. */
function valuesOf(text: string, line: number): InputRow {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw noReject(line, 'is no JSON');
  }
  if (typeof document !== 'object' || document === null || !('values' in document))
    throw noReject(line, 'has no values');
  const { values } = document;
  if (typeof values !== 'object' || values === null || Array.isArray(values)) throw noReject(line, 'has no values');
  for (const [column, value] of Object.entries(values as Readonly<Record<string, unknown>>)) {
    // A number has lost digits by now that it may have had in the file.
    if (value !== null && typeof value !== 'string' && typeof value !== 'boolean') {
      throw noReject(line, `has a value of column ${JSON.stringify(column)} that is neither text nor null`);
    }
  }
  return values;
}

function noReject(line: number, problem: string): ConnectorError {
  return new ConnectorError('RS_INPUT_INVALID', `Line ${line} of the reject file ${problem}`, {
    action: 'Keep the form of the file: mend the texts in "values", null for NULL, or take out whole lines.',
    details: { line, problem },
  });
}
