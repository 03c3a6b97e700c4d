import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { connector } from '../../src/connector.ts';
import { ConnectorError } from '../../src/core/errors.ts';
import { diagnosisOf } from '../../src/operations/diagnosis-of.ts';
import { rejectionOf } from '../failure.ts';
import { openWorld, type TestWorld } from '../harness.ts';

const REFUSING = 'arn:aws:iam::111122223333:role/RedshiftAudit';

describe('a run that is refused', () => {
  let world: TestWorld;
  before(async function () {
    this.timeout(60_000);
    world = await openWorld();
  });
  after(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  const values = (changes: object) => {
    const all = { ...world.connection('keys-etl-agent').values, iamEndpoint: world.awsEndpoint, ...changes };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  };
  const open = (changes: object) => connector.open(values(changes) as never);
  const first = async (rows: AsyncGenerator<unknown>): Promise<unknown> => (await rows.next()).value;

  const RUNS: Readonly<Record<string, (redshift: ReturnType<typeof open>) => Promise<unknown>>> = {
    'a read': (redshift) => first(redshift.read({ query: 'select 1 as n' })),
    'a preview': (redshift) => redshift.preview({ query: 'select 1 as n' }),
    'a discovery': (redshift) => redshift.discover(),
    'a write': (redshift) => redshift.write({ object: 'public.t' }, [{ id: 1 }]),
    'a login': (redshift) => redshift.login(),
  };
  for (const [title, run] of Object.entries(RUNS)) {
    it(`carries the diagnosis of the hop: ${title}`, async () => {
      await using redshift = open({ roleArn: REFUSING });
      const error = await rejectionOf(run(redshift));
      expect(error.code).to.equal('RS_AUTH_ROLE_DENIED');
      const diagnosis = diagnosisOf(error);
      expect(diagnosis?.candidates.map(({ document, holder }) => [document, holder.name])).to.deep.equal([
        ['trust', 'RedshiftAudit'],
        ['permissions', 'etl-agent'],
      ]);
      expect(JSON.parse(JSON.stringify(error))).to.have.nested.property('diagnosis.candidates[0].statement.Sid');
    });
  }

  it('carries what Redshift refused of COPY, in a staged read too', async () => {
    await using redshift = open({ copyRole: REFUSING });
    const error = await rejectionOf(first(redshift.read({ query: 'select 1 as n', mode: 'staged' })));
    expect(error.code).to.equal('RS_AUTH_ROLE_DENIED');
    expect(diagnosisOf(error)?.candidates[0]).to.include({ mend: 'attachRole' });
  });

  it('carries none where it failed for another reason, and keeps what it knew', async () => {
    await using redshift = open({ port: 9, connectTimeoutSeconds: 1 });
    const error = await rejectionOf(redshift.preview({ query: 'select 1 as n' }));
    expect(error).to.be.instanceOf(ConnectorError);
    expect(error.category).to.not.equal('auth');
    expect(error.diagnosis).to.equal(undefined);
  });

  it('asks IAM under a host policy with credentials of the form alone', async () => {
    const reads = async (): Promise<number> =>
      (await world.log()).filter((entry) => entry.kind === 'aws' && entry.service === 'iam').length;
    const refused = async (identities: readonly ('accessKeys' | 'environment')[], changes: object): Promise<number> => {
      const before = await reads();
      const host = { policy: { identities, allowLoopback: true, endpoints: ['*'], fileRoots: ['/'] } };
      await using redshift = connector.open(values({ roleArn: REFUSING, ...changes }) as never, host);
      await rejectionOf(redshift.preview({ query: 'select 1 as n' }));
      return (await reads()) - before;
    };
    expect(await refused(['accessKeys'], {})).to.be.greaterThan(0);
    const { accessKeyId, secretAccessKey } = world.connection('keys-etl-agent').values as Record<string, string>;
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey });
    try {
      const ambient = { identitySource: 'environment', accessKeyId: undefined, secretAccessKey: undefined };
      expect(await refused(['environment'], ambient)).to.equal(0);
    } finally {
      delete process.env['AWS_ACCESS_KEY_ID'];
      delete process.env['AWS_SECRET_ACCESS_KEY'];
    }
  });

  it("throws the signal's reason, not a diagnosis, when it is aborted", async () => {
    await using redshift = open({ roleArn: REFUSING });
    const controller = new AbortController();
    controller.abort('enough');
    const work = redshift.preview({ query: 'select 1 as n' }, { signal: controller.signal });
    expect(await work.catch((error: unknown) => error)).to.equal('enough');
  });

  it('prints causes, statement and command on the command line, without colour where there is none', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'roleshift-test-'));
    try {
      const file = join(folder, 'connection.json');
      await writeFile(file, JSON.stringify(values({ roleArn: REFUSING })), { mode: 0o600 });
      const args = ['dist/cli/main.js', 'preview', '-c', file, '-q', 'select 1 as n'];
      const { status, text } = await new Promise<{ status: unknown; text: string }>((resolve) => {
        execFile(process.execPath, args, { env: { ...process.env, NO_COLOR: '1' } }, (error, _, stderr) => {
          resolve({ status: error?.code, text: stderr });
        });
      });
      expect(status).to.equal(3);
      expect(text).to.match(/^RS_AUTH_ROLE_DENIED {2}AWS does not let .*user\/etl-agent assume the role/);
      expect(text).to.match(/Possible cause 1 of 2: The trust policy of role RedshiftAudit/);
      expect(text).to.match(/-> Add to the trust policy of role RedshiftAudit\n/);
      expect(text).to.match(/"AWS": "arn:aws:iam::111122223333:user\/etl-agent"/);
      expect(text).to.match(/aws iam update-assume-role-policy --role-name 'RedshiftAudit'/);
      expect(text).to.match(/Possible cause 2 of 2: .*etl-agent/);
      expect(text).to.not.include('\u001b');
      expect(text).to.not.include('not+a+real+secret');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
