import { ConnectorError } from '../core/errors.ts';

/**
 * The embedded engine's error as ours. Its text shows lines and values of the data, so neither the message nor the
 * cause carries it: only its kind, and positions that are known to be harmless. `recordsBefore` counts
 * those of the user's file before the part that the engine reads; it calls a record a line, and values may hold newlines.
 */
export function classifyEngineError(error: unknown, recordsBefore = 0): ConnectorError {
  if (error instanceof ConnectorError) return error;
  const text = error instanceof Error ? error.message : '';
  const kind = /^([A-Z][A-Za-z ]{2,40}? Error)/.exec(text)?.[1] ?? 'Error';
  const cause = new Error(`DuckDB: ${kind}`);
  for (const [pattern, build] of KNOWN) {
    const match = pattern.exec(text);
    if (match) return build(match, cause, recordsBefore);
  }
  return new ConnectorError('RS_INTERNAL', `The columnar engine failed (${kind})`, { details: { kind }, cause });
}

type Build = (match: RegExpExecArray, cause: Error, recordsBefore: number) => ConnectorError;

const KNOWN: readonly (readonly [pattern: RegExp, build: Build])[] = [
  [
    /CSV Error on Line: (\d+)[\s\S]*Expected Number of Columns: (\d+) Found: (\d+)/,
    ([, inPart, expected, found], cause, recordsBefore) => {
      const line = recordsBefore + Number(inPart);
      const message = `Line ${line} has ${found} columns, the header has ${expected}`;
      return invalid(message, cause, 'Mend the line.', { line });
    },
  ],
  [
    /CSV Error on Line: (\d+)/,
    ([, inPart], cause, recordsBefore) => {
      const line = recordsBefore + Number(inPart);
      return invalid(`Line ${line} is not valid CSV`, cause, 'Mend its quotes or encoding.', { line });
    },
  ],
  [/CSV Parser|CSV File/, (_, cause) => invalid('The file is not valid CSV', cause, 'Mend its quotes and line ends.')],
  [
    /Malformed JSON.*?in line (\d+)|Malformed JSON.*?at byte \d+ in record\/value (\d+)/s,
    ([, inPart, record], cause, recordsBefore) => {
      // The engine has counted the line before it names it.
      const line = recordsBefore + (inPart === undefined ? Number(record) : Number(inPart) - 1);
      return invalid(`Line ${line} is not valid JSON`, cause, 'Mend the line.', { line });
    },
  ],
  [
    /Malformed JSON|JSON transform error/i,
    (_, cause) => invalid('The file holds something that is not valid JSON', cause),
  ],
  [
    /Restored data doesn't match checksum|Data corruption detected/,
    (_, cause) => invalid('The file is damaged: its checksum does not fit', cause, 'Write or copy the file again.'),
  ],
  [
    /^Permission Error/,
    (_, cause) =>
      new ConnectorError('RS_INTERNAL', 'The columnar engine was asked for a file outside of the run', { cause }),
  ],
  [
    /[Pp]arquet|magic bytes|Snappy|ZSTD Decompression|TProtocolException/,
    (_, cause) => invalid('The file is not a whole Parquet file, or it is damaged', cause, 'Write the file again.'),
  ],
  [
    /No space left|max_temp_directory_size|failed to offload/i,
    (_, cause) =>
      new ConnectorError('RS_CONFIG_INVALID', 'The work directory is full', {
        action: 'Free space there, or choose another work directory.',
        cause,
      }),
  ],
  [
    /^Out of Memory Error/,
    (_, cause) =>
      new ConnectorError('RS_INTERNAL', 'The columnar engine needs more memory than it may take', {
        action: 'Read or write fewer or narrower rows at a time.',
        cause,
      }),
  ],
];

function invalid(
  message: string,
  cause: Error,
  action = 'Check the file.',
  details: Record<string, number> = {},
): ConnectorError {
  return new ConnectorError('RS_INPUT_INVALID', message, { action, details, cause });
}
