import { ConnectorError } from '../core/errors.ts';

/**
 * The embedded engine's error as ours. Its text shows lines and values of the data, so neither the message nor the
 * cause carries it: only its kind, and positions that are known to be harmless.
 */
export function classifyEngineError(error: unknown): ConnectorError {
  if (error instanceof ConnectorError) return error;
  const text = error instanceof Error ? error.message : '';
  const kind = /^([A-Z][A-Za-z ]{2,40}? Error)/.exec(text)?.[1] ?? 'Error';
  const cause = new Error(`DuckDB: ${kind}`);
  for (const [pattern, build] of KNOWN) {
    const match = pattern.exec(text);
    if (match) return build(match, cause);
  }
  return new ConnectorError('RS_INTERNAL', `The columnar engine failed (${kind})`, { details: { kind }, cause });
}

type Build = (match: RegExpExecArray, cause: Error) => ConnectorError;

const KNOWN: readonly (readonly [pattern: RegExp, build: Build])[] = [
  [
    /CSV Error on Line: (\d+)[\s\S]*Expected Number of Columns: (\d+) Found: (\d+)/,
    ([, line, expected, found], cause) =>
      invalid(`Line ${line} has ${found} columns, the header has ${expected}`, cause, 'Mend the line.', {
        line: Number(line),
      }),
  ],
  [
    /CSV Error on Line: (\d+)/,
    ([, line], cause) =>
      invalid(`Line ${line} is not valid CSV`, cause, 'Mend its quotes or encoding.', { line: Number(line) }),
  ],
  [/CSV Parser|CSV File/, (_, cause) => invalid('The file is not valid CSV', cause, 'Mend its quotes and line ends.')],
  [
    /Malformed JSON.*?in line (\d+)|Malformed JSON.*?at byte \d+ in record\/value (\d+)/s,
    ([, line, record], cause) =>
      invalid(`Line ${line ?? record} is not valid JSON`, cause, 'Mend the line.', { line: Number(line ?? record) }),
  ],
  [
    /Malformed JSON|JSON transform error/i,
    (_, cause) => invalid('The file holds something that is not valid JSON', cause),
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
