import { execFileSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect } from 'chai';
import type { FileSource } from '../../../src/operations/write-spec.ts';
import { sharedWriteWorld, type WriteWorld } from './write-world.ts';

describe('write: streams of bytes', () => {
  let on: WriteWorld;
  let folder: string;
  before(async () => {
    on = await sharedWriteWorld();
    folder = await mkdtemp(join(tmpdir(), 'write-streams-'));
    await on.table('streamed', 'id INTEGER, note VARCHAR(20)');
  });
  after(() => rm(folder, { recursive: true }));
  afterEach(async () => {
    expect(await on.staged(), 'staged objects').to.deep.equal([]);
    expect(await on.files(), 'local files').to.deep.equal([]);
    await on.world.sql('TRUNCATE sales.streamed');
  });

  const bytes = (text: string): Uint8Array => Buffer.from(text);

  async function* slowly(...chunks: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array, void, undefined> {
    for (const chunk of chunks) {
      await new Promise((resolve) => setImmediate(resolve));
      yield chunk as Uint8Array;
    }
  }

  async function* breaking(): AsyncGenerator<Uint8Array, void, undefined> {
    yield bytes('id\n');
    await Promise.reject(new Error('a secret of the program'));
  }

  for (const { title, input, rows } of [
    {
      title: 'CSV, cut anywhere, with a byte order mark, CRLF and no end of the last line',
      input: (): FileSource => ({
        file: slowly(...Array.from('\uFEFFid,note\r\n1,"a\r\nb"\r\n2,é', (letter) => bytes(letter))),
        format: 'csv',
      }),
      rows: [
        ['1', 'a\r\nb'],
        ['2', 'é'],
      ],
    },
    {
      title: 'CSV in gzip',
      input: (): FileSource => ({ file: Readable.from([gzipSync('id,note\n1,a\n')]), format: 'csv' }),
      rows: [['1', 'a']],
    },
    {
      title: 'JSON Lines as texts',
      input: (): FileSource => ({ file: slowly('{"id":1}\n{"note":"b","i', 'd":2}\n'), format: 'jsonl' }),
      rows: [
        ['1', null],
        ['2', 'b'],
      ],
    },
  ]) {
    it(`loads ${title}`, async () => {
      const report = await on.write({ object: 'sales.streamed' }, input());
      expect(report.rows.loaded).to.equal(rows.length);
      expect(await on.rows('SELECT id, note FROM sales.streamed ORDER BY id')).to.deep.equal(rows);
    });
  }

  it('loads Parquet, and streams beside files', async () => {
    const path = join(folder, 'a.parquet');
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    await connection.run(`COPY (SELECT 1::INTEGER AS id, 'a' AS note) TO '${path}'`);
    instance.closeSync();
    const parquet = await on.write({ object: 'sales.streamed' }, { file: createReadStream(path), format: 'parquet' });
    expect(parquet.rows.loaded).to.equal(1);
    await writeFile(join(folder, 'a.csv'), 'id,note\n2,b\n');
    const files = [join(folder, 'a.csv'), slowly(bytes('note,id\n'), bytes('c,3\n'))];
    const report = await on.write({ object: 'sales.streamed' }, { files, format: 'csv' });
    expect(report.rows.loaded).to.equal(2);
    expect(await on.rows('SELECT id, note FROM sales.streamed ORDER BY id')).to.deep.equal([
      ['1', 'a'],
      ['2', 'b'],
      ['3', 'c'],
    ]);
  });

  for (const { title, spec, input, code, words } of [
    {
      title: 'that tells no format',
      input: () => ({ file: slowly('id\n') }),
      code: 'RS_CONFIG_INVALID',
      words: 'which format the stream has',
    },
    {
      title: 'of nothing',
      input: () => ({ file: slowly(), format: 'csv' }),
      code: 'RS_INPUT_INVALID',
      words: 'is empty',
    },
    {
      title: 'of something that is no bytes',
      input: () => ({ file: slowly(1 as never), format: 'csv' }),
      code: 'RS_INPUT_INVALID',
      words: 'no bytes',
    },
    {
      title: 'that breaks off',
      input: () => ({ file: breaking(), format: 'csv' }),
      code: 'RS_INPUT_INVALID',
      words: 'broke off',
    },
    {
      title: 'of Parquet whose end is cut off',
      input: () => ({ file: slowly('PAR1', 'x'.repeat(99)), format: 'parquet' }),
      code: 'RS_INPUT_INVALID',
      words: 'not a whole Parquet file',
    },
    {
      title: 'with more than may lie in the work directory',
      spec: { spoolMib: 1 },
      input: () => ({
        file: slowly('note\n', ...Array.from({ length: 20 }, () => `${'x'.repeat(64 * 1024)}\n`)),
        format: 'csv',
      }),
      code: 'RS_CONFIG_INVALID',
      words: 'has more than 1 MiB',
    },
    {
      title: 'together with skipLoadedFiles',
      spec: { skipLoadedFiles: true },
      input: () => ({ file: slowly('id\n1\n'), format: 'csv' }),
      code: 'RS_CONFIG_INVALID',
      words: 'no file that can be known again',
    },
  ]) {
    it(`refuses one ${title}`, async () => {
      const error = await on.refusal({ object: 'sales.streamed', ...spec }, input() as FileSource);
      expect([error.code, error.message.includes(words)], error.message).to.deep.equal([code, true]);
    });
  }

  it('closes the source of a write that is aborted while it waits', async () => {
    let isClosed = false;
    async function* never(): AsyncGenerator<Uint8Array, void, undefined> {
      try {
        yield bytes('id\n');
        await new Promise((resolve) => setTimeout(resolve, 60));
        yield bytes('1\n');
        yield bytes('2\n');
      } finally {
        isClosed = true;
      }
    }
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('enough')), 30);
    const given = { file: never(), format: 'csv' } as const;
    const outcome: unknown = await on
      .write({ object: 'sales.streamed' }, given, { signal: stop.signal })
      .catch((error: unknown) => error);
    expect((outcome as Error).message).to.equal('enough');
    expect(isClosed).to.equal(true);
  });

  it('refuses folders, pipes and files that may not be read, in words', async () => {
    await mkdir(join(folder, 'a-folder.csv'));
    execFileSync('mkfifo', [join(folder, 'a-pipe.csv')]);
    for (const [name, words] of [
      ['a-folder.csv', 'is a folder'],
      ['a-pipe.csv', 'is a pipe or a device'],
    ] as const) {
      const error = await on.refusal({ object: 'sales.streamed' }, { file: join(folder, name) });
      expect([error.code, error.message.includes(words)], error.message).to.deep.equal(['RS_INPUT_INVALID', true]);
    }
  });
});
