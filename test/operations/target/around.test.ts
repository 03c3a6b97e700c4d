import { expect } from 'chai';
import { openTargetWorld, type TargetWorld } from './target-world.ts';

describe('SQL of your own around a write, and what looks after the table', () => {
  let world: TargetWorld;
  before(async () => {
    world = await openTargetWorld();
    await world.table('marks', 'what VARCHAR(40)');
  });
  after(() => world[Symbol.asyncDispose]());
  beforeEach(() => world.world.sql('DELETE FROM sales.marks'));

  const mark = (what: string): string => `INSERT INTO sales.marks VALUES ('${what}')`;
  const marks = async (): Promise<readonly unknown[]> =>
    (await world.rows('SELECT what FROM sales.marks ORDER BY what')).flat();
  const spec = (name: string) => ({
    object: `sales.${name}`,
    preSql: `${mark('a;1')};\n${mark('a2')};`,
    postSql: mark('b'),
  });

  it('runs before and after, each statement by itself, outside of the transaction', async () => {
    await world.table('around', 'id INT');
    const report = await world.write(spec('around'), [{ id: 1 }]);
    expect(report.phases.map(({ name }) => name)).to.include.members(['preSql', 'postSql']);
    expect(await marks()).to.deep.equal(['a2', 'a;1', 'b']);
  });

  it('runs once for a run id, however often that is tried', async () => {
    await world.table('once', 'id INT');
    for (let attempt = 0; attempt < 3; attempt += 1) await world.write(spec('once'), [{ id: 1 }], { runId: 'once' });
    expect(await marks()).to.deep.equal(['a2', 'a;1', 'b']);
    await world.write(spec('once'), [{ id: 1 }], { runId: 'another' });
    expect(await marks()).to.have.length(6);
  });

  it('goes on behind what was done when a statement was refused and mended', async () => {
    await world.table('mended', 'id INT');
    const broken = { ...spec('mended'), preSql: `${mark('a1')}; INSERT INTO sales.nowhere VALUES (1); ${mark('a3')}` };
    const refused = await world.refusal(broken, [{ id: 1 }], { runId: 'mended' });
    expect(refused.code).to.match(/^RS_SQL_USER_FAILED|RS_CONFIG_OBJECT_MISSING$/);
    expect(await marks()).to.deep.equal(['a1']);
    const mended = { ...broken, preSql: `${mark('a1')}; ${mark('a2')}; ${mark('a3')}` };
    await world.write(mended, [{ id: 1 }], { runId: 'mended' });
    expect(await marks()).to.deep.equal(['a1', 'a2', 'a3', 'b']);
  });

  it('does not repeat a statement whose end is not known, and says so', async () => {
    await world.table('unknown', 'id INT');
    await world.world.faults({
      on: 'pg:statement',
      matching: "VALUES ('a;1')",
      effect: { kind: 'drop', when: 'after' },
    });
    expect(await world.refusal(spec('unknown'), [{ id: 1 }], { runId: 'u' })).to.include({ code: 'RS_CONN_LOST' });
    const report = await world.write(spec('unknown'), [{ id: 1 }], { runId: 'u' });
    expect(report.warnings.map(({ code }) => code)).to.include('USER_SQL_UNKNOWN');
    expect(await marks()).to.deep.equal(['a2', 'a;1', 'b']);
  });

  it('is not disturbed by conflicts while it is written down what ran', async () => {
    await world.table('conflicting', 'id INT');
    const state = 'INSERT INTO "sales"."roleshift_ledger_conflicting';
    await world.world.faults({
      on: 'pg:statement',
      matching: state,
      times: 2,
      effect: { kind: 'error', code: 'XX000', message: '1023' },
    });
    const report = await world.write(spec('conflicting'), [{ id: 1 }], { runId: 'c' });
    expect(report.rows.loaded).to.equal(1);
    expect(await marks()).to.deep.equal(['a2', 'a;1', 'b']);
  });

  it('runs what stands behind the rows when the first attempt died before it', async () => {
    await world.table('late', 'id INT');
    const broken = { ...spec('late'), postSql: 'INSERT INTO sales.nowhere VALUES (1)' };
    const refused = await world.refusal(broken, [{ id: 1 }], { runId: 'late' });
    expect(refused.report).to.deep.include({ outcome: 'committed' });
    const report = await world.write(spec('late'), [{ id: 1 }], { runId: 'late' });
    expect(report.alreadyApplied).to.equal(true);
    expect(await marks()).to.deep.equal(['a2', 'a;1', 'b']);
  });

  it('takes BEGIN to COMMIT for one, and refuses a transaction that is left open', async () => {
    await world.table('units', 'id INT');
    const preSql = `BEGIN; ${mark('x1')}; INSERT INTO sales.nowhere VALUES (1); COMMIT`;
    await world.refusal({ object: 'sales.units', preSql }, [{ id: 1 }], { runId: 'units' });
    expect(await marks()).to.deep.equal([]);
    await world.write({ object: 'sales.units', preSql: `BEGIN; ${mark('x1')}; ${mark('x2')}; COMMIT` }, [{ id: 1 }], {
      runId: 'units',
    });
    expect(await marks()).to.deep.equal(['x1', 'x2']);
    const open = await world.refusal({ object: 'sales.units', postSql: `BEGIN; ${mark('x')}` }, [{ id: 1 }]);
    expect(open).to.include({ code: 'RS_CONFIG_INVALID' });
  });

  it('runs inside the transaction when asked to, and is undone with it', async () => {
    await world.table('inside', 'id INT NOT NULL');
    const inside = { ...spec('inside'), sqlInTransaction: true };
    await world.refusal({ ...inside, postSql: 'SELECT 1 / 0' }, [{ id: 1 }]);
    expect(await marks()).to.deep.equal([]);
    expect(await world.rows('SELECT COUNT(*) FROM sales.inside')).to.deep.equal([['0']]);
    await world.write(inside, [{ id: 1 }]);
    expect(await marks()).to.deep.equal(['a2', 'a;1', 'b']);
  });

  for (const verb of [
    'COMMIT',
    'END',
    'ROLLBACK',
    'TRUNCATE sales.marks',
    'CALL p()',
    'VACUUM',
    '/* x */ -- y\n commit',
  ]) {
    it(`refuses ${JSON.stringify(verb)} inside the transaction`, async () => {
      const refused = await world.refusal(
        { object: 'sales.any', sqlInTransaction: true, preSql: `SELECT 1; ${verb}` },
        [],
      );
      expect(refused).to.include({ code: 'RS_CONFIG_INVALID' });
    });
  }

  it('analyzes and vacuums behind the commit', async () => {
    await world.table('kept', 'id INT');
    await world.world.sql('ALTER TABLE sales.kept OWNER TO etl');
    await world.statementsOf('none');
    await world.write({ object: 'sales.kept', vacuum: 'sortOnly', vacuumThresholdPercent: 80, analyze: 'allColumns' }, [
      { id: 1 },
    ]);
    const all = (await world.statementsOf('')).filter((text) => /^(?:COMMIT|VACUUM|ANALYZE)/.test(text));
    expect(all).to.deep.equal([
      'COMMIT',
      'VACUUM SORT ONLY "sales"."kept" TO 80 PERCENT',
      'ANALYZE "sales"."kept" ALL COLUMNS',
    ]);
  });

  it('warns of what failed behind the commit', async () => {
    await world.table('failed', 'id INT');
    await world.world.faults({
      on: 'pg:statement',
      matching: 'ANALYZE',
      effect: { kind: 'error', code: '42501', message: 'skipping' },
    });
    const report = await world.write({ object: 'sales.failed', analyze: 'predicateColumns' }, [{ id: 1 }]);
    expect(report.outcome).to.equal('committed');
    expect(report.warnings.map(({ code }) => code)).to.deep.equal(['ANALYZE_FAILED']);
  });
});
