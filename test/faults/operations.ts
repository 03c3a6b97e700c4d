import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpenConnector, ReadCallSpec, WriteCallSpec } from '../../src/operations/calls/open-connector.ts';
import type { WriteReport } from '../../src/operations/write-report.ts';
import type { WriteInput } from '../../src/operations/write-spec.ts';
import { BUCKET, EXPORTS, type FaultWorld } from './fault-world.ts';
import { CHANGED, CHANGES, FRESH, INITIAL, INPUT, MODEL, objectsOf, type Row, SOURCE } from './model.ts';

/** One try of an operation. */
export interface Attempt {
  readonly on: Pick<FaultWorld, 'output'>;
  readonly connector: OpenConnector;
  /** Name of the cell's own table in `sales`. */
  readonly table: string;
  readonly runId: string;
  readonly signal: AbortSignal;
}

/** What an operation gave when it succeeded. */
export interface Given {
  readonly report?: WriteReport;
  /** Rows that a read gave. */
  readonly rows?: readonly Row[];
}

/** One operation of the matrix. */
export interface Operation {
  readonly name: string;
  /** `read`: to a program; `export`: into files; `call`: a procedure, which is never repeated. */
  readonly kind: 'write' | 'read' | 'export' | 'call';
  /** Rows of its table before; undefined: there is no table. */
  readonly before?: readonly Row[];
  /** Rows of its table after it. */
  readonly after?: readonly Row[];
  /** What a failure may leave in the table besides `before`: it commits by itself on the way. */
  readonly between?: readonly Row[];
  readonly run: (attempt: Attempt) => Promise<Given>;
  /** What is wrong with what it made elsewhere, once it has succeeded. */
  readonly check?: (on: FaultWorld) => Promise<readonly string[]>;
}

type WriteWords = Omit<WriteCallSpec, 'object' | 'runId'>;

function write(
  name: string,
  words: WriteWords,
  input: () => WriteInput,
  table: Pick<Operation, 'before' | 'after' | 'between'>,
): Operation {
  return {
    name,
    kind: 'write',
    ...table,
    run: async ({ connector, table: target, runId, signal }) => ({
      report: await connector.write(
        { object: `sales.${target}`, path: 'staged', lockTimeoutSeconds: 1, settleTimeoutSeconds: 4, ...words, runId },
        input(),
        { signal },
      ),
    }),
  };
}

async function rowsOf({ connector, signal, runId }: Attempt, spec: ReadCallSpec): Promise<Given> {
  const rows: Row[] = [];
  for await (const batch of connector.read({ ...spec, runId }, { signal })) {
    for (const { id, note, n } of batch.rows()) rows.push([id, note, n] as unknown as Row);
  }
  return { rows };
}

const read = (name: string, spec: ReadCallSpec): Operation => ({
  name,
  kind: 'read',
  run: (attempt) => rowsOf(attempt, { object: 'sales.source', batchRows: 20, ...spec }),
});

const parse = (text: string): readonly Row[] =>
  text
    .trim()
    .split('\n')
    .map((line) => {
      const { id, note, n } = JSON.parse(line) as {
        readonly id: number;
        readonly note: string | null;
        readonly n: number;
      };
      return [id, note, n];
    });

const EVERY_FAULT_WRITE: readonly Operation[] = [
  write('insert', {}, () => objectsOf(FRESH), { before: INITIAL, after: MODEL.insert }),
  write('insert of checked rows', { rejectLimit: 5, verify: true, duplicateKeys: 'keepLast' }, () => objectsOf(FRESH), {
    before: INITIAL,
    after: MODEL.insert,
  }),
  write('insert by INSERT', { path: 'insert' }, () => objectsOf(FRESH), { before: INITIAL, after: MODEL.insert }),
  write('upsert by INSERT', { path: 'insert', operation: 'upsert' }, () => objectsOf(INPUT), {
    before: INITIAL,
    after: MODEL.upsert,
  }),
  write('update', { operation: 'update' }, () => objectsOf(INPUT), { before: INITIAL, after: MODEL.update }),
  write('upsert', { operation: 'upsert' }, () => objectsOf(INPUT), { before: INITIAL, after: MODEL.upsert }),
  write('replaceRow', { operation: 'replaceRow' }, () => objectsOf(INPUT), { before: INITIAL, after: MODEL.upsert }),
  write('delete', { operation: 'delete' }, () => objectsOf(INPUT), { before: INITIAL, after: MODEL.delete }),
  write('dataDriven', { operation: 'dataDriven', changeColumn: 'op' }, () => CHANGES, {
    before: INITIAL,
    after: CHANGED,
  }),
  write('overwrite', { before: 'overwrite' }, () => objectsOf(INPUT), { before: INITIAL, after: MODEL.input }),
  write('truncate', { before: 'truncate' }, () => objectsOf(INPUT), {
    before: INITIAL,
    after: MODEL.input,
    between: [],
  }),
  write(
    'createTarget',
    { createTarget: true, columnDefinitions: 'id INTEGER NOT NULL, note VARCHAR(20), n INTEGER, PRIMARY KEY (id)' },
    () => objectsOf(INPUT),
    { after: MODEL.input, between: [] },
  ),
];

const READS: readonly Operation[] = [
  read('read direct', { mode: 'direct' }),
  read('read staged', { mode: 'staged' }),
  read('read checked', { mode: 'staged', verify: true }),
  read('read partitioned', {
    mode: 'partitioned',
    partitionColumn: 'id',
    partitionCount: 3,
    partitionSessions: 2,
    allowInconsistent: true,
  }),
  {
    name: 'read to a file',
    kind: 'export',
    run: async ({ on, connector, signal, runId }) => {
      const to = join(on.output, 'rows.jsonl');
      await connector.readToFiles({ object: 'sales.source', mode: 'staged', runId }, { to, replace: true }, { signal });
      const files = await readdir(on.output);
      if (files.length !== 1) throw new Error(`There is more than the file: ${files.join(', ')}`);
      return { rows: parse(await readFile(to, 'utf8')) };
    },
  },
  {
    name: 'read to S3',
    kind: 'export',
    run: async ({ connector, signal, runId }) => {
      const to = `s3://${BUCKET}/${EXPORTS}`;
      const spec = { object: 'sales.source', mode: 'direct', runId } as const;
      const { rows } = await connector.readToFiles(
        spec,
        { to, format: 'jsonl', splitRows: 25, replace: true },
        { signal },
      );
      if (rows !== SOURCE.length) throw new Error(`${rows} rows were written`);
      return {};
    },
    check: async (on) => {
      const objects = await on.exported();
      return objects.length === 3 ? [] : [`not three files: ${objects.join(', ')}`];
    },
  },
];

const CALLS: readonly Operation[] = [
  {
    name: 'call',
    kind: 'call',
    run: async ({ connector, signal }) => {
      const { outputs } = await connector.call({ procedure: 'sales.note_call', arguments: [7, 0] }, { signal });
      if (outputs['doubled'] !== 14) throw new Error(`Out came ${JSON.stringify(outputs)}`);
      return {};
    },
  },
  {
    name: 'read of a procedure',
    kind: 'call',
    run: (attempt) => rowsOf(attempt, { procedure: 'sales.open_source', arguments: [7, null] }),
  },
];

/** Every operation of the matrix. */
export const OPERATIONS: readonly Operation[] = [...EVERY_FAULT_WRITE, ...READS, ...CALLS];
