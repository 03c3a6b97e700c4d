import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { planAccess } from '../../src/access/plan-access.ts';
import { openAccess } from '../../src/auth/open-access.ts';
import { connector } from '../../src/connector.ts';
import { ConnectorError } from '../../src/core/errors.ts';
import type { ConnectorEvent } from '../../src/core/events.ts';
import { openRun } from '../../src/core/run.ts';
import type { ConnectionInput } from '../../src/manifest/options.gen.ts';
import { resolveOptions } from '../../src/manifest/resolve.ts';
import type { JanitorReport } from '../../src/operations/janitor.ts';
import { renderLease } from '../../src/staging/lease.ts';
import { openWorld, standardWorld, type TestWorld } from '../harness.ts';

const AUDITOR = { accessKeyId: 'AKIAAUDITOR000000001', secretAccessKey: 'auditor+not+a+real+secret+000000000000001' };
const DAY = 86_400;
const RUN = `run-2026-11-20-${'0a'.repeat(12)}`;
const OTHER = `run-2026-11-21-${'0b'.repeat(12)}`;

describe('the janitor', () => {
  let world: TestWorld;
  let s3: S3Client;
  before(async () => {
    const declared = standardWorld((_, account) => {
      account.users?.push({
        name: 'auditor',
        accessKeys: [{ id: AUDITOR.accessKeyId, secret: AUDITOR.secretAccessKey }],
        policies: [{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] }],
      });
    });
    world = await openWorld(declared, { databases: false });
    s3 = new S3Client({
      region: 'us-east-1',
      endpoint: world.awsEndpoint,
      forcePathStyle: true,
      credentials: AUDITOR,
    });
  });
  after(async () => {
    s3.destroy();
    await world[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    await world.clearFaults();
    for (const Key of await keys()) await s3.send(new DeleteObjectCommand({ Bucket: 'acme-staging', Key }));
  });

  const put = (key: string, body: string): Promise<unknown> =>
    s3.send(new PutObjectCommand({ Bucket: 'acme-staging', Key: `roleshift/${key}`, Body: body }));

  async function keys(): Promise<string[]> {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'acme-staging' }));
    return Contents.map(({ Key = '' }) => Key);
  }

  /** What a run that was killed leaves. */
  async function leave(folder: string, runId = 'killed'): Promise<void> {
    await put(`${folder}/_lease.json`, renderLease(runId, world.clock.now()));
    await put(`${folder}/part-0000.csv.zst`, 'rows');
    await put(`${folder}/manifest.json`, '{}');
  }

  async function sweep(spec: Parameters<ReturnType<typeof connector.open>['janitor']>[0] = {}): Promise<JanitorReport> {
    const values = world.connection('keys-etl-agent').values as ConnectionInput;
    await using redshift = connector.open(values, { clock: world.clock });
    return await redshift.janitor(spec);
  }

  it('deletes what a run left that is gone, and says what and why', async () => {
    await leave(RUN);
    await world.advance(2 * DAY);
    const { folders, ...report } = await sweep();
    expect(report, JSON.stringify(folders)).to.deep.include({
      prefix: 's3://acme-staging/roleshift/',
      swept: 1,
      objects: 3,
      kept: 0,
    });
    expect(folders).to.have.length(1);
    expect(folders[0]).to.deep.include({
      url: `s3://acme-staging/roleshift/${RUN}/`,
      verdict: 'sweep',
      runId: 'killed',
      deleted: true,
      objects: 3,
    });
    expect(folders[0]?.reason).to.match(/^its run has been gone for 4[78] hours$/);
    expect(await keys()).to.deep.equal([]);
  });

  it('tells in a dry run what it would delete, and deletes nothing', async () => {
    await leave(RUN);
    await world.advance(2 * DAY);
    const report = await sweep({ dryRun: true });
    expect(report).to.deep.include({ dryRun: true, swept: 1, objects: 3 });
    expect(report.folders[0]).to.deep.include({ verdict: 'sweep', deleted: false });
    expect(await keys()).to.have.length(3);
  });

  it('leaves alone what a run uses, and what nothing proves to be ours', async () => {
    await put('by-hand/data.csv', 'mine');
    await put('loose.csv', 'mine');
    await put(`${OTHER}/data.csv`, 'nobody knows whose');
    await leave(`run-2026-11-22-${'0c'.repeat(12)}`);
    await put(`run-2026-11-22-${'0c'.repeat(12)}/_lease.json`, '{"kind":"lease"}');
    await world.advance(2 * DAY);
    await leave(RUN);
    const before = await keys();
    const report = await sweep({ olderThan: '1h' });
    expect(report).to.deep.include({ swept: 0, kept: 4 });
    expect(report.folders.map(({ reason }) => reason)).to.deep.equal([
      'its name is not one that a run gives',
      'its lease holds: a run is using it',
      'it has no lease, so nothing proves that a run made it',
      'its lease is not one that a run writes',
    ]);
    expect(await keys()).to.deep.equal(before);
  });

  it('goes by the age that is asked for', async () => {
    await leave(RUN);
    await world.advance(2 * DAY);
    expect(await sweep({ olderThan: '3d' })).to.deep.include({ swept: 0, kept: 1 });
    expect(await sweep({ olderThan: '47h' })).to.deep.include({ swept: 1, kept: 0 });
  });

  it('deletes the lease last: a sweep that broke off is finished by the next one', async () => {
    await leave(RUN);
    await world.advance(2 * DAY);
    await world.faults({
      on: 's3:DeleteObjects',
      after: 1,
      effect: { kind: 'error', status: 403, code: 'AccessDenied' },
    });
    const failure: unknown = await sweep().catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(ConnectorError);
    expect(await keys()).to.include(`roleshift/${RUN}/_lease.json`);
    await world.clearFaults();
    expect(await sweep()).to.deep.include({ swept: 1 });
    expect(await keys()).to.deep.equal([]);
  });

  it('sweeps before the first run of a connection stages anything, where that is asked for', async () => {
    await leave(RUN);
    await world.advance(2 * DAY);
    const { openStagingArea } = await import('../../src/staging/open-staging-area.ts');
    const values = { ...world.connection('keys-etl-agent').values, sweepOnStart: true } as ConnectionInput;
    const options = resolveOptions(values);
    await using access = openAccess(planAccess(options), { clock: world.clock });
    const events: ConnectorEvent[] = [];
    const run = openRun({ clock: world.clock, onEvent: (event) => events.push(event) });
    await (await openStagingArea(access, options, run)).close();
    expect(await keys()).to.deep.equal([]);
    expect(events.filter(({ type }) => type === 'warning')).to.have.length(1);
    await leave(OTHER);
    await world.advance(2 * DAY);
    await (await openStagingArea(access, options, run)).close();
    expect(await keys()).to.have.length(3);
  });

  for (const olderThan of ['soon', '0h', '24', '24 h', '-1d', '30m']) {
    it(`refuses an age of ${olderThan}`, async () => {
      const failure: unknown = await sweep({ olderThan }).catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(ConnectorError).with.property('code', 'RS_CONFIG_INVALID');
    });
  }
});
