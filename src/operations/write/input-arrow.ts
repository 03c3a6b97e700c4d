import { rm } from 'node:fs/promises';
import type { ArrowColumn, ArrowScalar } from '../../columnar/arrow-values.ts';
import { type ArrowRows, readArrow } from '../../columnar/read-arrow.ts';
import { defined } from '../../core/defined.ts';
import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import { makeRunFolder } from '../../core/run-folder.ts';
import { requireNames, requireSameNames } from './input-columns.ts';
import type { InputPart, InputParts } from './input-part.ts';
import { openRows } from './input-rows.ts';
import { InputSources } from './input-sources.ts';
import type { OpenInput } from './open-input.ts';
import { fetchAhead, requireRows, telling } from './part-order.ts';
import { fileKey } from './source-file.ts';
import { stageRows } from './stage-rows.ts';

/**
 * Opens Arrow streams and files as one input, a batch of records in memory at a time. Throws RS_INPUT_INVALID,
 * RS_CONFIG_OBJECT_MISSING, RS_TYPE_UNSUPPORTED, RS_PACKAGE_MISSING.
 */
export async function openArrow(
  workDirectory: string,
  list: (folder: string) => Promise<InputParts>,
  wished: readonly string[] | undefined,
  run: Run,
): Promise<OpenInput> {
  const folder = await makeRunFolder(workDirectory, 'write', run);
  let input: InputParts | undefined;
  let first: AsyncGenerator<ArrowRows, void, undefined> | undefined;
  const close = async (): Promise<void> => {
    try {
      await first?.return();
      await input?.[Symbol.asyncDispose]();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
  try {
    input = await list(folder);
    const { parts } = input;
    const [firstPart] = parts;
    if (firstPart === undefined) throw noFiles();
    const places = new InputSources(parts.length > 1);
    for (const [position, part] of parts.entries()) await part.admit(undefined, position);
    const opened = readArrow(firstPart.bytes(run));
    first = opened;
    const schema = await telling(places, firstPart, () => nextOf(opened));
    const all = schema.columns.map(({ name }) => name);
    requireNames(wished ?? [], all, firstPart.name);
    const columns = wished ?? all;
    const sources = parts.flatMap(({ source }) => source ?? []);
    return {
      columns,
      compression: 'gzip',
      ...defined({ sources: sources.length === parts.length ? sources : undefined }),
      placeOf: (row) => places.of(row),
      fields: () => Promise.resolve(columns.flatMap((name) => fieldOf(schema.columns, name))),
      stage: async (area, plan, recorder, stageRun) => {
        const wanted = parts.filter(
          ({ source }) =>
            plan.fileKeys === undefined || source === undefined || plan.fileKeys.includes(fileKey(source)),
        );
        const rowsOfFiles: number[] = [];
        const read = { first: { part: firstPart, batches: opened }, all, columns, places, rowsOfFiles };
        await using rows = await openRows(rowsOf(wanted, read, stageRun), columns, stageRun);
        const staged = await stageRows(area, plan, rows, recorder, stageRun);
        return { ...staged, rowsOfFiles };
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Reading {
  /** The file whose columns were looked at. */
  readonly first: { readonly part: InputPart; readonly batches: AsyncGenerator<ArrowRows, void, undefined> };
  readonly all: readonly string[];
  readonly columns: readonly string[];
  readonly places: InputSources;
  /** Grows by one with each file that was read. */
  readonly rowsOfFiles: number[];
}

/** The rows of all files, in groups that are taken one at a time. */
async function* rowsOf(
  parts: readonly InputPart[],
  { first, all, columns, places, rowsOfFiles }: Reading,
  run: Run,
): AsyncGenerator<readonly (readonly ArrowScalar[])[], void, undefined> {
  let before = 0;
  for (const [index, part] of parts.entries()) {
    fetchAhead(parts.slice(index), run);
    places.begin(part.name, before);
    const isFirst = part === first.part;
    const batches = isFirst ? first.batches : readArrow(part.bytes(run));
    let rows = 0;
    try {
      if (!isFirst) {
        const { columns: own } = await nextOf(batches);
        requireSameNames(
          all,
          own.map(({ name }) => name),
          part.name,
        );
      }
      for await (const batch of batches) {
        for (const group of groupsOf(batch.rows(columns))) {
          rows += group.length;
          yield group;
        }
      }
      requireRows(part, rows);
      await part.release();
    } catch (error) {
      throw places.tell(error, part.name);
    }
    before += rows;
    rowsOfFiles.push(rows);
  }
}

/** Rows that are JavaScript values at once. */
const GROUP_ROWS = 2_000;

function* groupsOf(rows: Iterable<readonly ArrowScalar[]>): Generator<(readonly ArrowScalar[])[], void, undefined> {
  let group: (readonly ArrowScalar[])[] = [];
  for (const row of rows) {
    group.push(row);
    if (group.length < GROUP_ROWS) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

async function nextOf(batches: AsyncGenerator<ArrowRows, void, undefined>): Promise<ArrowRows> {
  const next = await batches.next();
  if (next.done === true) throw noFiles();
  return next.value;
}

function fieldOf(columns: readonly ArrowColumn[], name: string) {
  const column = columns.find((one) => one.name === name);
  return column === undefined ? [] : [defined({ name, type: column.type, nullable: column.nullable })];
}

function noFiles(): ConnectorError {
  return new ConnectorError('RS_INPUT_INVALID', 'The input has no files', { action: 'Name at least one file.' });
}
