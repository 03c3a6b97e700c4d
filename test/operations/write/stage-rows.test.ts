import { expect } from 'chai';
import { openRun } from '../../../src/core/run.ts';
import { openRows } from '../../../src/operations/write/input-rows.ts';
import { WriteRecorder } from '../../../src/operations/write/recorder.ts';
import { stageRows } from '../../../src/operations/write/stage-rows.ts';
import { planWrite } from '../../../src/operations/write-plan.ts';
import type { StageSink } from '../../../src/staging/stage-sink.ts';

/** Rows of 60,000 bytes: 16 MB, the text of a file, are some 280. */
const VALUE = 'x'.repeat(60_000);

async function stage(count: number, put: StageSink['put']) {
  const plan = planWrite(
    { object: 't', path: 'staged' },
    {
      schema: 'public',
      name: 't',
      kind: 'table',
      columns: [
        { name: 'v', position: 1, type: { kind: 'varchar', bytes: 65_535 }, nullable: true, isIdentity: false },
      ],
      primaryKey: [],
      sortKey: [],
    },
    {
      runId: 'r',
      inputColumns: ['v'],
      compression: 'gzip',
      copyRole: 'default',
      stagingRegion: 'x',
      clusterRegion: 'x',
      slices: 8,
      token: 't',
    },
  );
  const run = openRun();
  let given = 0;
  async function* source() {
    for (; given < count; given += 1) yield [[VALUE]];
  }
  await using rows = await openRows(source(), ['v'], run);
  const sink: StageSink = { put, putFile: () => Promise.reject(new Error('not used')) };
  const staged = stageRows(sink, plan, rows, new WriteRecorder(run, plan.target, 'insert'), run);
  const result = await staged.catch((error: unknown) => error);
  return { result, given };
}

async function drain(source: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const chunk of source) bytes += chunk.length;
  return bytes;
}

describe('staged files of rows', () => {
  it('are encoded while the end of the one before goes up, and no more than two are on their way', async () => {
    let [underWay, most] = [0, 0];
    const { result } = await stage(900, async (name, source) => {
      underWay += 1;
      most = Math.max(most, underWay);
      const bytes = await drain(source);
      await new Promise((resolve) => setTimeout(resolve, 100));
      underWay -= 1;
      return { name, url: name, bytes };
    });
    expect([most, underWay]).to.deep.equal([2, 0]);
    expect(result).to.include({ rowsStaged: 900 });
    expect(result).to.have.property('files').that.has.lengthOf(4);
    const { files } = result as { files: { name: string }[] };
    expect(files.map(({ name }) => name)).to.deep.equal([1, 2, 3, 4].map((n) => `part-0000${n}.csv.gz`));
  });

  it('are given up, the next one too, when one cannot be stored; the rows that follow stay where they are', async () => {
    const ended: string[] = [];
    const lost = new Error('lost');
    const { result, given } = await stage(2000, async (name, source) => {
      try {
        await drain(source);
        if (name === 'part-00001.csv.gz') throw lost;
        return { name, url: name, bytes: 1 };
      } finally {
        ended.push(name);
      }
    });
    expect(result).to.equal(lost);
    expect(ended).to.have.members(['part-00001.csv.gz', 'part-00002.csv.gz']);
    expect(given).to.be.lessThan(900);
  });
});
