import { setTimeout as wait } from 'node:timers/promises';
import { DescribeClustersCommand, RedshiftClient } from '@aws-sdk/client-redshift';
import { expect } from 'chai';
import type pg from 'pg';
import type { Fault } from '../../src/sandbox/faults.ts';
import { type LoadWorld, openLoadWorld, ROLES, STAGER } from './load-world.ts';
import { refusal } from './pg-cluster.ts';

const ROLE = `IAM_ROLE '${ROLES.copy}'`;

describe('Faults scripted at the cluster', () => {
  let load: LoadWorld;
  let victim: pg.Client;
  const count = async (): Promise<string> => (await load.query('SELECT count(*) FROM t'))[0]![0]!;
  const strike = (fault: Fault) => load.world.faults(fault);
  const hasStruck = async () => (await load.world.points()).some(({ struck }) => struck !== undefined);
  /** Of users of the cluster, but for the one that looks. */
  const others = async (): Promise<number> =>
    Number((await load.world.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'loader'")).rows[0]![0]) - 1;
  before(async () => {
    load = await openLoadWorld();
    await load.query('CREATE TABLE t (id int, v varchar(20))');
    await load.put('in/1.csv', '1,a\n2,b\n3,c\n4,d\n');
  });
  beforeEach(async () => {
    await load.query('DELETE FROM t');
    victim = await load.connect();
    await load.world.clearFaults();
    victim.on('error', () => undefined);
  });
  afterEach(async () => {
    await victim.end().catch(() => undefined);
    await load.world.clearFaults();
  });
  after(() => load[Symbol.asyncDispose]());

  for (const extended of [false, true]) {
    const insert = () =>
      extended ? victim.query('INSERT INTO t VALUES ($1)', [1]) : victim.query('INSERT INTO t VALUES (1)');
    for (const [when, kept] of [
      ['before', '0'],
      ['after', '1'],
      ['midway', '1'],
    ] as const) {
      it(`cuts the connection ${when} a statement of the ${extended ? 'extended' : 'simple'} protocol`, async () => {
        await strike({ on: 'pg:statement', matching: 'INSERT', effect: { kind: 'drop', when } });
        expect((await refusal(insert())).message).to.match(/terminated|ECONNRESET|closed/i);
        for (let tries = 50; tries > 0 && (await count()) !== kept; tries -= 1) await wait(20);
        expect(await count()).to.equal(kept);
      });
    }
  }

  for (const [when, kept] of [
    ['before', '0'],
    ['after', '1'],
  ] as const) {
    it(`says nothing ${when} a statement, which is ${when === 'after' ? 'done' : 'never begun'}`, async () => {
      await strike({ on: 'pg:statement', matching: 'INSERT', effect: { kind: 'silence', when } });
      const asked = victim.query('INSERT INTO t VALUES (1)').catch(() => undefined);
      for (let tries = 100; tries > 0 && !(await hasStruck()); tries -= 1) await wait(20);
      await wait(100);
      (victim as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
      await asked;
      for (let tries = 50; tries > 0 && (await others()) > 0; tries -= 1) await wait(20);
      expect([await count(), await others()]).to.deep.equal([kept, 0]);
    });
  }

  it('tells which points were passed, and where it struck', async () => {
    await strike({ on: 'pg:statement', matching: 'INSERT', effect: { kind: 'error', as: 'conflict' } });
    await victim.query('SELECT 1');
    await refusal(victim.query('INSERT INTO t VALUES (1)'));
    await victim.query("INSERT INTO t VALUES (1) /* password 'x' */");
    const passed = (await load.world.points()).map(({ on, subject, struck }) => [on, subject, struck]);
    expect(passed).to.deep.equal([
      ['pg:statement', 'SELECT 1', undefined],
      ['pg:statement', 'INSERT INTO t VALUES (1)', 'error'],
      ['pg:statement', "INSERT INTO t VALUES (1) /* password '***' */", undefined],
      ['pg:lock', '"t"', undefined],
      ['pg:autocommit', 'COMMIT', undefined],
    ]);
  });

  it('commits 30 seconds after the connection was cut, by the clock of the world', async () => {
    await victim.query('BEGIN; INSERT INTO t VALUES (1)');
    await strike({ on: 'pg:commit', effect: { kind: 'drop', when: 'midway', ms: 30_000 } });
    await refusal(victim.query('COMMIT'));
    await wait(100);
    expect(await count()).to.equal('0');
    const waiting = load.query('BEGIN; LOCK TABLE t; COMMIT'); // the lock is the orphan's until it has committed
    await load.world.advance(31);
    await waiting;
    expect(await count()).to.equal('1');
  });

  const worded: readonly [
    as: NonNullable<Extract<Fault['effect'], { kind: 'error' }>['as']>,
    code: string,
    message: RegExp,
  ][] = [
    ['conflict', 'XX000', /^1023$/],
    ['snapshotConflict', 'XX000', /conflict with concurrent transaction/],
    ['multipleMatches', 'XX000', /Found multiple matches/],
    ['monitoringRule', 'XX000', /Query Monitoring Rule/],
    ['diskFull', '53100', /Disk Full/],
    ['tableDropped', 'XX000', /does not exist/],
  ];
  for (const [as, code, message] of worded) {
    it(`refuses in Redshift's words: ${as}`, async () => {
      await strike({ on: 'pg:statement', matching: 'INSERT', after: 1, effect: { kind: 'error', as } });
      await victim.query('INSERT INTO t VALUES (1)');
      await victim.query('BEGIN');
      const refused = await refusal(victim.query('INSERT INTO t VALUES (2)'));
      expect(refused).to.include({ code });
      expect(refused.message).to.match(message);
      expect(await refusal(victim.query('SELECT 1'))).to.include({ code: '25P02' });
      await victim.query('ROLLBACK');
      expect(await count()).to.equal('1');
    });
  }

  it('ends a statement by a monitoring rule while it runs', async () => {
    await strike({
      on: 'pg:statement',
      matching: 'pg_sleep',
      effect: { kind: 'error', as: 'monitoringRule', when: 'midway', ms: 100 },
    });
    const slow = victim.query('SELECT count(*) FROM generate_series(1, 200000000) /* pg_sleep */');
    expect((await refusal(slow)).message).to.match(/Query Monitoring Rule/);
    await strike({ on: 'copy:GetObject', effect: { kind: 'delay', ms: 400 } });
    await strike({ on: 'pg:copy', effect: { kind: 'error', as: 'diskFull', when: 'midway', ms: 100 } });
    expect(await refusal(victim.query(`COPY t FROM 's3://acme-staging/in/' ${ROLE} CSV`))).to.include({
      code: '53100',
    });
    expect(await count()).to.equal('0');
  });

  it('has another session hold the lock, which others can see, for as long as the world takes', async () => {
    await strike({
      on: 'pg:statement',
      matching: 'INSERT',
      effect: { kind: 'lock', table: 'public.t', ms: 60_000, user: 'loader' },
    });
    let done = false;
    const waiting = victim.query('INSERT INTO t VALUES (1)').then(() => {
      done = true;
    });
    await wait(200);
    const blockers = await load.query(
      "SELECT txn_owner, granted FROM svv_transactions WHERE lock_mode = 'AccessExclusiveLock' AND relation = 't'::regclass::oid",
    );
    expect([done, blockers]).to.deep.equal([false, [['loader', 't']]]);
    await load.world.advance(61);
    await waiting;
    expect(await count()).to.equal('1');
  });

  describe('and at its objects', () => {
    let fresh: pg.Client;
    const copy = `COPY t FROM 's3://acme-staging/in/' ${ROLE} CSV`;
    before(async () => {
      fresh = await load.connect();
    });
    after(() => fresh.end());

    const effects: readonly [effect: Fault['effect'], message: RegExp][] = [
      [{ kind: 'missing' }, /specified key does not exist.,Status 404/],
      [{ kind: 'throttle' }, /reduce your request rate.,Status 503/],
      [{ kind: 'error', status: 403, code: 'AccessDenied', message: 'Access Denied' }, /Access Denied,Status 403/],
      [{ kind: 'drop', when: 'midway' }, /Connection reset by peer/],
      [{ kind: 'truncated' }, /Check 'stl_load_errors'/],
    ];
    for (const [effect, message] of effects) {
      it(`lets a COPY meet an object that is ${effect.kind}`, async () => {
        await load.put('in/1.csv', '1,a\n2,b\n33,longer\n');
        await strike({ on: 'copy:GetObject', matching: '1.csv', effect });
        expect((await refusal(fresh.query(copy))).message).to.match(message);
        expect((await fresh.query('SELECT count(*)::int AS n FROM t')).rows).to.deep.equal([{ n: 0 }]);
      });
    }

    it('lets an UNLOAD leave half a file that its manifest tells whole', async () => {
      await fresh.query("INSERT INTO t VALUES (1, 'aaaa')");
      await strike({ on: 'unload:PutObject', matching: 'half_', effect: { kind: 'truncated' } });
      await fresh.query(
        `UNLOAD ('SELECT * FROM t') TO 's3://acme-staging/half_' ${ROLE} CSV MANIFEST VERBOSE PARALLEL OFF`,
      );
      const manifest = JSON.parse(String(await load.get('half_manifest'))) as {
        entries: { meta: { content_length: number } }[];
      };
      expect([manifest.entries[0]!.meta.content_length, String(await load.get('half_000'))]).to.deep.equal([7, '1,a']);
    });

    it('lets a download meet half an object, or none', async () => {
      await load.put('whole', '0123456789');
      await strike({ on: 's3:GetObject', matching: 'whole', effect: { kind: 'truncated' } });
      expect(String(await load.get('whole'))).to.equal('01234');
      await strike({ on: 's3:GetObject', matching: 'whole', effect: { kind: 'missing' } });
      expect((await load.get('whole').catch((error: unknown) => error as Error)) as Error).to.include({
        name: 'NoSuchKey',
      });
    });
  });

  describe('and to all of it', () => {
    it('restarts, or pauses: every session ends, what was open is undone, and new sessions come when it is up', async () => {
      await victim.query('BEGIN; INSERT INTO t VALUES (1)');
      load.client.on('error', () => undefined);
      await load.world.restart(60);
      expect((await refusal(victim.query('COMMIT'))).message).to.match(/terminat|not queryable/i);
      await refusal(load.connect());
      await load.world.advance(61);
      const fresh = await load.connect();
      expect((await fresh.query('SELECT count(*)::int AS n FROM t')).rows).to.deep.equal([{ n: 0 }]);
      await fresh.end();
      // Paused, its API has no endpoint.
      const client = new RedshiftClient({ endpoint: load.world.awsEndpoint, region: 'us-east-1', credentials: STAGER });
      const look = async () =>
        (await client.send(new DescribeClustersCommand({ ClusterIdentifier: 'warehouse' }))).Clusters![0]!;
      await load.world.pause(60);
      const { ClusterStatus, Endpoint } = await look();
      expect([ClusterStatus, Endpoint]).to.deep.equal(['paused', undefined]);
      await load.world.advance(61);
      expect((await look()).ClusterStatus).to.equal('available');
      client.destroy();
    });
  });
});
