import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { expect } from 'chai';
import { parseCsvHeader } from '../../src/columnar/csv-header.ts';
import { type InputFile, openInputFile } from '../../src/columnar/input-file.ts';
import { openFixture } from './fixture.ts';

const names = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `c${index}`);

describe('a hostile file to load', () => {
  async function open(name: string, content: string): Promise<InputFile> {
    await using fixture = await openFixture();
    await fixture.write('other.csv', 'x,y,z\n1,2,3\n');
    return await openInputFile(fixture.engine, { file: await fixture.write(name, content) }, fixture.run);
  }

  it('with a header of very many columns is refused, and soon', async function () {
    this.timeout(5_000);
    for (const [name, content] of [
      ['wide.csv', `${names(300_000).join(',')}\n`],
      [
        'wide.jsonl',
        `{${names(20_000)
          .map((column) => `"${column}":1`)
          .join(',')}}\n`,
      ],
    ] as const) {
      const failure: unknown = await open(name, content).catch((error: unknown) => error);
      expect(failure, name).to.include({ code: 'RS_INPUT_INVALID' });
    }
  });

  it('still names the column that a wide header repeats', () => {
    expect(() => parseCsvHeader([...names(5_000), 'c7'].join(','), ',')).to.throw('two columns named "c7"');
  });

  it('is one file, even where its name is a pattern that fits others', async () => {
    const { columns } = await open('*.csv', 'a\n1\n');
    expect(columns.map(({ name }) => name)).to.deep.equal(['a']);
  });

  it('cannot lead out of the folder of its run by the name of a format', async () => {
    await using fixture = await openFixture();
    const victim = await fixture.write('victim', 'precious');
    const format = `/../../${basename(fixture.inputs)}/victim` as 'csv';
    const file = await fixture.write('a.csv', 'a\n1\n');
    const failure: unknown = await openInputFile(fixture.engine, { file, format }, fixture.run).catch(
      (error: unknown) => error,
    );
    expect(failure).to.include({ code: 'RS_INPUT_INVALID' });
    expect(await readFile(victim, 'utf8')).to.equal('precious');
  });

  it('may use any names in its records', async () => {
    const { columns } = await open('names.jsonl', `{"__proto__":1,"constructor":2,"a'); SELECT 1 --":3}\n`);
    expect(columns.map(({ name }) => name)).to.deep.equal(['__proto__', `a'); SELECT 1 --`, 'constructor']);
  });
});
