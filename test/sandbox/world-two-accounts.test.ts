import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { connector } from '../../src/connector.ts';
import type { OpenConnector } from '../../src/operations/calls/open-connector.ts';
import { readWorldFile } from '../../src/sandbox/world-file.ts';
import type { Row } from '../../src/types/batch.ts';
import { openWorld, type TestWorld } from '../harness.ts';

const WORLDS = new URL('../../samples/worlds/', import.meta.url);

describe('The sample worlds', () => {
  for (const name of readdirSync(WORLDS)) {
    it(`${name} is accepted and says how to connect`, async () => {
      const world = await readWorldFile(new URL(name, WORLDS).pathname);
      expect(world.connection?.roleArn).to.be.a('string');
    });
  }
});

describe('Two accounts: keys of one, warehouse of the other', () => {
  let world: TestWorld;
  let redshift: OpenConnector;
  before(async function () {
    this.timeout(60_000);
    world = await openWorld(await readWorldFile(new URL('two-accounts.yaml', WORLDS).pathname));
    redshift = connector.open(world.connection('keys-agent').values);
  });
  after(async () => {
    await redshift?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
  });

  it('are crossed by an intermediate role and an external id, up to rows written and read', async function () {
    this.timeout(30_000);
    await world.sql(
      'create schema lake; grant all on schema lake to public; create table lake.t (id bigint, name varchar(10)); grant all on lake.t to public',
    );
    await redshift.write({ object: ['lake', 't'] }, [{ id: 1n, name: 'one' }]);
    const rows: Row[] = [];
    for await (const batch of redshift.read({ object: ['lake', 't'], mode: 'staged' })) rows.push(...batch.rows());
    expect(rows).to.deep.equal([{ id: 1n, name: 'one' }]);
    const hops = (await world.calls('sts:AssumeRole')).map(({ principal, resource }) => [principal, resource]);
    expect(hops[0]).to.deep.equal(['arn:aws:iam::222233334444:user/agent', 'arn:aws:iam::222233334444:role/Gateway']);
    expect(hops[1]?.[0]).to.match(/^arn:aws:sts::222233334444:assumed-role\/Gateway\//);
    expect(hops[1]?.[1]).to.equal('arn:aws:iam::555566667777:role/RedshiftLogin');
  });

  it('stay apart without the external id, and AWS does not say why', async () => {
    const { externalId: _left, ...values } = world.connection('keys-agent').values;
    await using blind = connector.open(values);
    const failure = await blind.discover({}).then(
      () => undefined,
      (error: unknown) => error as { code?: string },
    );
    expect(failure?.code).to.equal('RS_AUTH_ROLE_DENIED');
    expect((await world.calls('sts:AssumeRole')).at(-1)).to.include({ allowed: false, errorCode: 'AccessDenied' });
  });
});
