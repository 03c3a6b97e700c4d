import { expect } from 'chai';
import { openRun } from '../../../src/core/run.ts';
import type { Capabilities } from '../../../src/db/capabilities.ts';
import { RehearsedSession } from '../../../src/db/rehearsed-session.ts';
import { insertSpool } from '../../../src/operations/write/insert-spool.ts';
import type { SpooledRow } from '../../../src/operations/write/spool-rows.ts';
import { planWrite } from '../../../src/operations/write-plan.ts';

/** The numbers of parameters of each statement that so many rows of so many such values become. */
async function statementsFor(rows: number, columns: number, text: string | null): Promise<readonly number[]> {
  const names = Array.from({ length: columns }, (_, index) => `c${index}`);
  const target = {
    kind: 'table',
    schema: 's',
    name: 't',
    columns: names.map((name, index) => ({
      name,
      position: index + 1,
      type: { kind: 'varchar', bytes: 65_535 } as const,
      nullable: true,
      isIdentity: false,
    })),
    primaryKey: [],
    sortKey: [],
  } as const;
  const plan = planWrite({ object: 's.t', path: 'insert' }, target, {
    runId: 'r',
    inputColumns: names,
    compression: 'gzip',
    copyRole: undefined,
    stagingRegion: undefined,
    clusterRegion: undefined,
    token: 't',
  });
  const sent: number[] = [];
  const session = new RehearsedSession({} as Capabilities, (statement) => {
    const parameters = String(statement).match(/\$\d+/g)?.length ?? 0;
    sent.push(parameters);
    return { rowCount: parameters / columns };
  });
  const row: SpooledRow = names.map(() => text);
  async function* spooled() {
    for (let left = rows; left > 0; left -= 1) yield row;
  }
  const inserted = await insertSpool(session, plan, ['s', 't'], { rows: spooled, rowsRefused: 0 }, openRun());
  expect(inserted).to.deep.equal({ rows, rejects: [] });
  return sent;
}

describe('INSERT of spooled rows', () => {
  it('is one statement for few rows', async () => {
    expect(await statementsFor(50, 3, 'x')).to.deep.equal([150]);
  });

  it('is bounded by the parameters that a statement can have', async () => {
    expect(await statementsFor(120, 300, null)).to.deep.equal([300 * 109, 300 * 11]);
    expect(await statementsFor(3, 1_600, '')).to.deep.equal([4_800]);
  });

  it('is bounded by half of the bytes that a statement can have', async () => {
    const sent = await statementsFor(300, 1, 'é'.repeat(32_767));
    expect(sent).to.deep.equal([127, 127, 46]);
  });
});
