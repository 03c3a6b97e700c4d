import { expect } from 'chai';
import { openRun } from '../../../src/core/run.ts';
import { RehearsedSession } from '../../../src/db/rehearsed-session.ts';
import { outputBatch, planCall } from '../../../src/operations/call/call.ts';
import type { CallSpec } from '../../../src/operations/call/call-spec.ts';

const INTEGER = 23;
const VARCHAR = 1043;
const COLUMNS = ['proargtypes', 'proallargtypes', 'proargmodes', 'proargnames'];

/** What PG_PROC_INFO tells of `p(a IN INTEGER, b INOUT VARCHAR, c OUT INTEGER)`. */
const SIGNATURE = [`${INTEGER} ${VARCHAR}`, `{${INTEGER},${VARCHAR},${INTEGER}}`, '{i,b,o}', '{a,b,c}'];

describe('arguments of a procedure that only come out', () => {
  const session = (): RehearsedSession =>
    new RehearsedSession(
      {
        redshiftVersion: '1.0.117891',
        isServerless: false,
        isolation: 'snapshot',
        caseSensitiveNames: false,
        database: 'dev',
        user: 'etl',
      },
      () => ({ fields: COLUMNS.map((name) => ({ name, typeOid: 25, typeModifier: -1 })), rows: [SIGNATURE] }),
    );
  const planned = (spec: CallSpec) => planCall(session(), 'public', spec, openRun());

  it('are not given: CALL has those that go in', async () => {
    const { statement, opensCursor } = await planned({ procedure: 'p', arguments: [2, '2019'] });
    expect([String(statement), opensCursor]).to.deep.equal([
      `CALL "public"."p"(CAST(2 AS INTEGER), CAST('2019' AS VARCHAR(65535)))`,
      false,
    ]);
  });

  it('count for no argument when the procedure is looked for', async () => {
    const error: unknown = await planned({ procedure: 'p', arguments: [2, '2019', null] }).catch(
      (caught: unknown) => caught,
    );
    expect(error).to.include({ code: 'RS_CONFIG_OBJECT_MISSING' });
    expect(String((error as { action?: string }).action)).to.include('OUT c');
  });

  it('are told with those that go both ways, by their names', () => {
    const fields = [
      { name: 'b', typeOid: VARCHAR, typeModifier: 24 },
      { name: 'c', typeOid: INTEGER, typeModifier: -1 },
    ];
    const batch = outputBatch({ fields, rows: [['2019+2', '7']], rowCount: 1, command: 'CALL' });
    expect(batch.rows()).to.deep.equal([{ b: '2019+2', c: 7 }]);
  });
});
