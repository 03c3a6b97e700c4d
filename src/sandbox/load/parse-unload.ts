import { readClauses } from './clauses.ts';
import { flag, onOrOff, resolveEscapes, type Said, type SaidOptions, singleCharacter, sizeInBytes } from './options.ts';
import { refuse, syntaxError } from './refusal.ts';
import type { Compression, UnloadFormat, UnloadStatement } from './statement.ts';
import { type Token, TokenReader, tokenize } from './tokens.ts';

const MB = 1024 * 1024;
/** 6.2 GB, as the documentation writes it. */
const MAX_FILE_BYTES = Math.floor(6.2 * 1024 * MB);

const OPTIONS: Readonly<Record<string, (reader: TokenReader) => Said>> = {
  csv: flag,
  parquet: flag,
  json: flag,
  manifest: (reader) => (reader.accept('verbose') === undefined ? 'plain' : 'verbose'),
  header: flag,
  delimiter: (reader) => reader.string(),
  null: (reader) => reader.string(),
  gzip: flag,
  zstd: flag,
  addquotes: flag,
  escape: flag,
  allowoverwrite: flag,
  cleanpath: flag,
  parallel: (reader) => String(onOrOff(reader)),
  maxfilesize: sizeInBytes,
  rowgroupsize: sizeInBytes,
  region: (reader) => reader.string(),
  extension: (reader) => reader.string(),
  encrypted: (reader) => (reader.accept('auto') === undefined ? 'encrypted' : 'auto'),
  kms_key_id: (reader) => reader.string(),
};

const NOT_IMITATED = ['fixedwidth', 'bzip2', 'partition by', 'master_symmetric_key'];
const NOT_WITH: Readonly<Record<UnloadFormat, readonly string[]>> = {
  delimited: [],
  csv: ['escape', 'addquotes'],
  parquet: ['delimiter', 'addquotes', 'escape', 'null', 'header', 'gzip', 'zstd'],
  json: ['delimiter', 'header', 'addquotes', 'escape', 'null'],
};

/** Whether the text is an UNLOAD statement, comments before it allowed. */
export function isUnload(sql: string): boolean {
  return /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/|;)*unload\b/i.test(sql);
}

/** Reads an UNLOAD statement; throws what Redshift would answer to a wrong one. */
export function parseUnload(sql: string): UnloadStatement {
  const reader = new TokenReader(tokenize(sql));
  while (reader.acceptSymbol(';'));
  reader.expect('unload');
  reader.expectSymbol('(');
  const query = reader.next();
  if (query.kind !== 'string') throw syntaxError(query.source);
  reader.expectSymbol(')');
  checkQuery(query.text);
  reader.expect('to');
  const target = reader.string();
  if (!target.startsWith('s3://')) {
    throw refuse('XX000', 'The UNLOAD destination must be an S3 path of the form s3://bucket/prefix');
  }
  const { authorization, said } = readClauses(reader, {
    statement: 'UNLOAD',
    options: OPTIONS,
    notImitated: NOT_IMITATED,
  });
  const format = checkedFormat(said);
  return {
    kind: 'unload',
    query: query.text.replace(/;\s*$/, ''),
    target,
    authorization: authorization.finish(),
    format,
    ...resolveOptions(said, format),
  };
}

function checkedFormat(said: SaidOptions): UnloadFormat {
  const formats = ['csv', 'json', 'parquet'] as const;
  const [format = 'delimited', second] = formats.filter((name) => said.has(name));
  if (second !== undefined) throw refuse('0A000', `conflicting formats: ${format} and ${second}`);
  const forbidden = said.firstOf(NOT_WITH[format]);
  if (forbidden !== undefined) {
    throw refuse('0A000', `${forbidden.toUpperCase()} is not supported for UNLOAD to ${format.toUpperCase()}`);
  }
  if (said.has('gzip') && said.has('zstd')) throw refuse('0A000', 'GZIP is not compatible with ZSTD');
  if (said.has('cleanpath') && said.has('allowoverwrite')) {
    throw refuse('0A000', 'CLEANPATH and ALLOWOVERWRITE options cannot be specified together');
  }
  if (said.has('rowgroupsize') && format !== 'parquet') {
    throw refuse('0A000', 'ROWGROUPSIZE is only supported for UNLOAD to PARQUET');
  }
  if (said.has('kms_key_id') && said.text('encrypted') !== 'encrypted') {
    throw refuse('0A000', 'KMS_KEY_ID must be used with the ENCRYPTED option');
  }
  return format;
}

function resolveOptions(
  said: SaidOptions,
  format: UnloadFormat,
): Omit<UnloadStatement, 'kind' | 'query' | 'target' | 'authorization' | 'format'> {
  const delimiter = said.text('delimiter');
  const region = said.text('region');
  const extension = said.text('extension');
  const kmsKeyId = said.text('kms_key_id');
  const compression: Compression = said.has('gzip') ? 'gzip' : said.has('zstd') ? 'zstd' : 'none';
  const manifest = said.text('manifest');
  return {
    compression,
    manifest: manifest === 'plain' || manifest === 'verbose' ? manifest : 'none',
    header: said.has('header'),
    delimiter: delimiter === undefined ? (format === 'csv' ? ',' : '|') : singleCharacter(delimiter, 'DELIMITER'),
    nullAs: resolveEscapes(said.text('null') ?? ''),
    addQuotes: said.has('addquotes'),
    escape: said.has('escape'),
    allowOverwrite: said.has('allowoverwrite'),
    cleanPath: said.has('cleanpath'),
    parallel: said.text('parallel') !== 'false',
    maxFileBytes: maxFileBytes(said.number('maxfilesize')),
    rowGroupBytes: rowGroupBytes(said.number('rowgroupsize')),
    ...(region === undefined ? {} : { region }),
    ...(extension === undefined ? {} : { extension }),
    encrypted: said.has('encrypted'),
    ...(kmsKeyId === undefined ? {} : { kmsKeyId }),
  };
}

function maxFileBytes(said: number | undefined): number {
  if (said === undefined) return MAX_FILE_BYTES;
  if (said < 5 * MB || said > MAX_FILE_BYTES) {
    throw refuse('XX000', 'MAXFILESIZE must be between 5 MB and 6.2 GB');
  }
  return said;
}

function rowGroupBytes(said: number = 32 * MB): number {
  if (said < 32 * MB || said > 128 * MB) throw refuse('XX000', 'ROWGROUPSIZE must be between 32 MB and 128 MB');
  return said;
}

/** One SELECT without a LIMIT of its own: Redshift wants it wrapped. */
function checkQuery(query: string): void {
  const tokens = tokenize(query);
  const first = tokens.find(({ text }) => text !== '(');
  if (first?.text !== 'select' && first?.text !== 'with') {
    throw refuse('42601', 'UNLOAD accepts only a SELECT statement');
  }
  if (outermostHas(tokens, 'limit')) throw refuse('0A000', 'Limit clause is not supported');
}

function outermostHas(tokens: readonly Token[], word: string): boolean {
  let depth = 0;
  for (const { kind, text } of tokens) {
    if (kind === 'symbol' && text === '(') depth += 1;
    else if (kind === 'symbol' && text === ')') depth -= 1;
    else if (depth === 0 && kind === 'word' && text === word) return true;
  }
  return false;
}
