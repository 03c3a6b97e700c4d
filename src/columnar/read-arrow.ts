import type { Table } from '@uwdata/flechette';
import { ConnectorError } from '../core/errors.ts';
import { arrowMessages, damaged, textsAsBytes } from './arrow-messages.ts';
import { type ArrowColumn, type ArrowScalar, arrowColumn } from './arrow-values.ts';

/** A batch of records. */
export interface ArrowRows {
  readonly columns: readonly ArrowColumn[];
  /** Values of the columns that are asked for, in their order. Throws RS_INPUT_INVALID. */
  readonly rows: (names: readonly string[]) => Generator<readonly ArrowScalar[], void, undefined>;
}

/** Dictionaries are in memory for as long as the input is read. */
const MAX_DICTIONARY_BYTES = 256 * 1024 * 1024;
const MAX_BUFFER_BYTES = 512 * 1024 * 1024;
const ZSTD = 1;

/**
 * The batches of an Arrow stream or file, one in memory at a time; the first tells the columns and has no rows. Throws
 * RS_INPUT_INVALID, RS_TYPE_UNSUPPORTED, and RS_PACKAGE_MISSING where the reader is not installed.
 */
export async function* readArrow(source: AsyncIterable<Buffer>): AsyncGenerator<ArrowRows, void, undefined> {
  const arrow = await importArrow();
  let schema: Uint8Array | undefined;
  let fields: Table['schema']['fields'] = [];
  const dictionaries: Uint8Array[] = [];
  let dictionaryBytes = 0;
  const columnsOf = (): readonly ArrowColumn[] => fields.map((field) => arrowColumn(field));
  for await (const { kind, bytes } of arrowMessages(source)) {
    if (kind === 'schema') {
      if (schema !== undefined) throw damaged();
      fields = decoded(arrow, [bytes]).schema.fields;
      schema = textsAsBytes(bytes);
      yield { columns: columnsOf(), rows: noRows };
      continue;
    }
    if (schema === undefined) throw damaged();
    if (kind === 'dictionary') {
      dictionaries.push(bytes);
      dictionaryBytes += bytes.length;
      if (dictionaryBytes > MAX_DICTIONARY_BYTES) throw tooManyWords();
      continue;
    }
    const table = decoded(arrow, [schema, ...dictionaries, bytes]);
    const columns = columnsOf();
    yield { columns, rows: (names) => rowsOf(table, columns, names) };
  }
  if (schema === undefined) throw damaged();
}

function* noRows(): Generator<never, void, undefined> {
  // a schema has none
}

function* rowsOf(
  table: Table,
  columns: readonly ArrowColumn[],
  names: readonly string[],
): Generator<readonly ArrowScalar[], void, undefined> {
  const wanted = names.map((name) => {
    const position = columns.findIndex((column) => column.name === name);
    return { column: columns[position], values: table.getChildAt(position) };
  });
  for (let row = 0; row < table.numRows; row += 1) {
    yield wanted.map(({ column, values }) => column?.read(at(values, row)) ?? null);
  }
}

/** Offsets that point outside are met when a value is asked for. */
function at(values: { at(row: number): unknown }, row: number): unknown {
  try {
    return values.at(row);
  } catch (error) {
    throw damaged(error);
  }
}

type Arrow = typeof import('@uwdata/flechette');

function decoded(arrow: Arrow, messages: readonly Uint8Array[]): Table {
  try {
    return arrow.tableFromIPC([...messages], {
      useBigInt: true,
      useBigIntTimestamp: true,
      useDecimalInt: true,
    });
  } catch (error) {
    if (error instanceof ConnectorError) throw error;
    const isPacked = error instanceof Error && error.message.startsWith('Missing compression codec');
    throw isPacked ? packed() : damaged(error);
  }
}

async function importArrow(): Promise<Arrow> {
  try {
    const [arrow, { decompress }] = await Promise.all([import('@uwdata/flechette'), import('fzstd')]);
    arrow.setCompressionCodec(ZSTD, {
      encode: () => {
        throw new ConnectorError('RS_INTERNAL', 'Nothing is written as Arrow');
      },
      decode: (bytes, size) => {
        if (size > MAX_BUFFER_BYTES) throw damaged();
        const plain = decompress(bytes);
        if (plain.length !== size) throw damaged();
        return plain;
      },
    });
    return arrow;
  } catch (cause) {
    throw new ConnectorError('RS_PACKAGE_MISSING', 'Arrow input needs the package @uwdata/flechette', {
      action: 'Run "npm install @uwdata/flechette" beside roleshift.',
      details: { package: '@uwdata/flechette' },
      cause,
    });
  }
}

function packed(): ConnectorError {
  return new ConnectorError('RS_INPUT_INVALID', 'The Arrow input is compressed by LZ4, which is not read', {
    action: 'Write it without compression, or with zstd.',
  });
}

function tooManyWords(): ConnectorError {
  return new ConnectorError('RS_INPUT_INVALID', 'The dictionaries of the Arrow input have more than 256 MiB', {
    action: 'Write its columns of text without dictionaries.',
  });
}
