import type { RedshiftError } from '../pg/backend-session.ts';
import { readClauses } from './clauses.ts';
import { flag, onOrOff, resolveEscapes, type Said, type SaidOptions, singleCharacter } from './options.ts';
import { notImitated, refuse } from './refusal.ts';
import type { Compression, CopyFormat, CopyStatement } from './statement.ts';
import { TokenReader, tokenize } from './tokens.ts';

/** Each option of COPY that this sandbox imitates, and how its argument is read. */
const OPTIONS: Readonly<Record<string, (reader: TokenReader) => Said>> = {
  csv: flag,
  parquet: flag,
  json: (reader) => argumentOr(reader, 'auto'),
  delimiter: (reader) => reader.string(),
  quote: (reader) => reader.string(),
  null: (reader) => reader.string(),
  gzip: flag,
  zstd: flag,
  manifest: flag,
  region: (reader) => reader.string(),
  ignoreheader: (reader) => reader.integer(),
  maxerror: (reader) => reader.integer(),
  ignoreallerrors: flag,
  emptyasnull: flag,
  blanksasnull: flag,
  trimblanks: flag,
  truncatecolumns: flag,
  acceptinvchars: (reader) => argumentOr(reader, '?'),
  acceptanydate: flag,
  dateformat: (reader) => reader.string(),
  timeformat: (reader) => reader.string(),
  encoding: (reader) => encodingName(reader),
  escape: flag,
  removequotes: flag,
  fillrecord: flag,
  ignoreblanklines: flag,
  roundec: flag,
  explicit_ids: flag,
  noload: flag,
  compupdate: (reader) => (reader.accept('preset') === undefined ? String(onOrOff(reader)) : 'preset'),
  statupdate: (reader) => String(onOrOff(reader)),
  comprows: (reader) => reader.integer(),
};

/** Known to Redshift, not to this sandbox. */
const NOT_IMITATED = [
  'avro',
  'orc',
  'shapefile',
  'fixedwidth',
  'bzip2',
  'lzop',
  'encrypted',
  'master_symmetric_key',
  'readratio',
  'ssh',
  'simplify',
  'job',
];

/** Options that Parquet accepts beside the source and the authorisation. */
const WITH_PARQUET = [
  'parquet',
  'acceptinvchars',
  'fillrecord',
  'statupdate',
  'manifest',
  'explicit_ids',
  'serializetojson',
];
const NOT_WITH_CSV = ['escape', 'removequotes'];
const NOT_WITH_JSON = ['delimiter', 'escape', 'fillrecord', 'ignoreblanklines', 'null', 'removequotes', 'quote'];

/** Whether the text is a COPY statement, comments before it allowed. */
export function isCopy(sql: string): boolean {
  return /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/|;)*copy\b/i.test(sql);
}

/** Reads a COPY statement; throws what Redshift would answer to a wrong one. */
export function parseCopy(sql: string): CopyStatement {
  const reader = new TokenReader(tokenize(sql));
  while (reader.acceptSymbol(';'));
  reader.expect('copy');
  if (reader.peek()?.text === 'job' && reader.peek(1)?.kind === 'word') throw notImitated('COPY JOB');
  const table = tableName(reader);
  const columns = columnList(reader);
  reader.expect('from');
  const source = reader.string();
  if (!source.startsWith('s3://')) {
    if (/^(emr|dynamodb|ssh):\/\//.test(source)) throw notImitated(`COPY from ${source.slice(0, source.indexOf(':'))}`);
    throw refuse('XX000', 'The COPY source must be an S3 path of the form s3://bucket/prefix');
  }
  const { authorization, said } = readClauses(reader, {
    statement: 'COPY',
    options: OPTIONS,
    notImitated: NOT_IMITATED,
  });
  const format = checkedFormat(said);
  return {
    kind: 'copy',
    table,
    ...(columns === undefined ? {} : { columns }),
    source,
    authorization: authorization.finish(),
    format,
    manifest: said.has('manifest'),
    ...resolveOptions(said, format),
  };
}

function tableName(reader: TokenReader): string[] {
  const path = [reader.identifier()];
  while (reader.acceptSymbol('.')) path.push(reader.identifier());
  if (path.length > 2) throw notImitated('COPY into a table of another database');
  return path;
}

function columnList(reader: TokenReader): string[] | undefined {
  if (!reader.acceptSymbol('(')) return undefined;
  const columns = [reader.identifier()];
  while (reader.acceptSymbol(',')) columns.push(reader.identifier());
  reader.expectSymbol(')');
  return columns;
}

function checkedFormat(said: SaidOptions): CopyFormat {
  const formats = ['csv', 'json', 'parquet'] as const;
  const [format = 'delimited', second] = formats.filter((name) => said.has(name));
  if (second !== undefined) throw incompatible(format, second);
  if (format === 'parquet') {
    // Zero is what it is anyway: dlt says so in each of its loads, which are tested against Redshift.
    const isNothing = (name: string): boolean => name === 'maxerror' && said.number('maxerror') === 0;
    const wrong = said.names().find((name) => !WITH_PARQUET.includes(name) && !isNothing(name));
    if (wrong !== undefined) {
      throw refuse('0A000', `${wrong.toUpperCase()} argument is not supported for PARQUET based COPY`);
    }
  }
  const forbidden = said.firstOf(format === 'csv' ? NOT_WITH_CSV : format === 'json' ? NOT_WITH_JSON : []);
  if (forbidden !== undefined) throw incompatible(format, forbidden);
  if (format !== 'csv' && said.has('quote')) throw incompatible('delimited', 'quote');
  if (said.has('gzip') && said.has('zstd')) throw incompatible('gzip', 'zstd');
  if (said.has('ignoreallerrors') && said.has('maxerror')) throw incompatible('ignoreallerrors', 'maxerror');
  const json = said.text('json');
  if (json !== undefined && !['auto', 'auto ignorecase'].includes(json.toLowerCase())) {
    throw notImitated(json.toLowerCase() === 'noshred' ? "COPY JSON 'noshred'" : 'COPY JSON with a jsonpaths file');
  }
  return format;
}

function incompatible(first: string, second: string): RedshiftError {
  return refuse('0A000', `${first.toUpperCase()} is not compatible with ${second.toUpperCase()}`);
}

type Resolved = Omit<CopyStatement, 'kind' | 'table' | 'columns' | 'source' | 'authorization' | 'format' | 'manifest'>;

function resolveOptions(said: SaidOptions, format: CopyFormat): Resolved {
  const maxErrors = said.number('maxerror') ?? 0;
  if (maxErrors > 100_000) throw refuse('XX000', 'MAXERROR must be between 0 and 100000');
  const nullAs = resolveEscapes(said.text('null') ?? '\\N');
  if (nullAs === '\n' || nullAs === '\r') throw refuse('XX000', 'NULL argument must not be a line terminator');
  const delimiter = said.text('delimiter');
  const quote = said.text('quote');
  const region = said.text('region');
  const invalid = said.text('acceptinvchars');
  const dateFormat = said.text('dateformat');
  const timeFormat = said.text('timeformat');
  const compression: Compression = said.has('gzip') ? 'gzip' : said.has('zstd') ? 'zstd' : 'none';
  return {
    compression,
    ...(region === undefined ? {} : { region }),
    delimiter: delimiter === undefined ? (format === 'csv' ? ',' : '|') : singleCharacter(delimiter, 'DELIMITER'),
    quote: quote === undefined ? '"' : singleCharacter(quote, 'QUOTE'),
    nullAs,
    ignoreHeader: said.number('ignoreheader') ?? 0,
    maxErrors,
    ignoreAllErrors: said.has('ignoreallerrors'),
    jsonIgnoreCase: said.text('json')?.toLowerCase() === 'auto ignorecase',
    emptyAsNull: said.has('emptyasnull'),
    blanksAsNull: said.has('blanksasnull'),
    trimBlanks: said.has('trimblanks'),
    truncateColumns: said.has('truncatecolumns'),
    ...(invalid === undefined ? {} : { acceptInvalidChars: singleCharacter(invalid, 'ACCEPTINVCHARS') }),
    acceptAnyDate: said.has('acceptanydate'),
    ...(dateFormat === undefined ? {} : { dateFormat }),
    ...(timeFormat === undefined ? {} : { timeFormat }),
    escape: said.has('escape'),
    removeQuotes: said.has('removequotes'),
    fillRecord: said.has('fillrecord'),
    ignoreBlankLines: said.has('ignoreblanklines'),
    roundDecimals: said.has('roundec'),
    explicitIds: said.has('explicit_ids'),
    noLoad: said.has('noload'),
    serializeToJson: said.has('serializetojson'),
  };
}

function argumentOr(reader: TokenReader, fallback: string): string {
  if (reader.peek()?.text === 'as' && reader.peek(1)?.kind === 'string') reader.next();
  return reader.acceptString() ?? fallback;
}

function encodingName(reader: TokenReader): string {
  reader.accept('as');
  const token = reader.next();
  const name = token.text.toLowerCase();
  if (name !== 'utf8') throw notImitated(`COPY with ENCODING ${name.toUpperCase()}`);
  return name;
}
