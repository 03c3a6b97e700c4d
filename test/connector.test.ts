import { expect } from 'chai';
import { connector } from '../src/connector.ts';
import { ConnectorError } from '../src/core/errors.ts';
import type { ConnectorEvent } from '../src/core/events.ts';

const VALUES = {
  host: 'warehouse.abc123.us-east-1.redshift.amazonaws.com',
  database: 'dev',
  clusterIdentifier: 'warehouse',
  authType: 'assumeRole',
  username: 'etl',
  roleArn: 'arn:aws:iam::111122223333:role/RedshiftLogin',
} as const;
const KEYS = { accessKeyId: 'AKIAEXAMPLEEXAMPLE12', secretAccessKey: 'canary+secret+0123456789012345678901234' };

async function failureOf(work: () => Promise<unknown>): Promise<ConnectorError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof ConnectorError) return error;
    throw error;
  }
  return expect.fail('should have failed');
}

describe('connector.open', () => {
  it('does no I/O: a connection to nowhere opens and closes', async () => {
    await using redshift = connector.open({ ...VALUES, ...KEYS });
    expect(redshift.notices).to.deep.equal([]);
  });

  it('says at once what it ignores', async () => {
    const events: ConnectorEvent[] = [];
    await using redshift = connector.open(
      { ...VALUES, ...KEYS, useEc2Role: true },
      { onEvent: (event) => events.push(event) },
    );
    expect(redshift.notices.join()).to.match(/Access Key ID|accessKeyId/);
    expect(events.map((event) => event.type === 'warning' && event.message)).to.deep.equal([...redshift.notices]);
    expect(JSON.stringify(events)).not.to.include(KEYS.secretAccessKey);
  });

  it('refuses what the host forbids before anything is sent', async () => {
    const error = await failureOf(async () => connector.open({ ...VALUES, useEc2Role: true }, { policy: {} }));
    expect(error).to.include({ code: 'RS_CONFIG_FORBIDDEN' });
  });

  for (const spec of [{ query: 'select 1' }, { object: 'public.t', where: 'id = 1' }]) {
    it(`refuses ${Object.keys(spec).at(-1)} in a read and a preview where the host allows no SQL`, async () => {
      await using redshift = connector.open({ ...VALUES, ...KEYS }, { policy: { allowCustomSql: false } });
      for (const work of [
        async () => redshift.preview(spec),
        async () => {
          for await (const batch of redshift.read(spec)) void batch;
        },
      ]) {
        expect(await failureOf(work)).to.include({ code: 'RS_CONFIG_FORBIDDEN' });
      }
    });
  }

  it('loads only files under the roots that the host names', async () => {
    const policy = { fileRoots: ['test'] };
    await using redshift = connector.open({ ...VALUES, ...KEYS }, { policy });
    for (const file of ['package.json', 'test/../package.json', '/etc/hostname']) {
      for (const input of [{ file }, { files: ['test/harness.ts', file] }]) {
        const error = await failureOf(() => redshift.write({ object: 'public.t' }, input));
        expect(error).to.include({ code: 'RS_CONFIG_FORBIDDEN' });
      }
    }
  });

  it('writes files only under the roots that the host names', async () => {
    const policy = { fileRoots: ['test'] };
    await using redshift = connector.open({ ...VALUES, ...KEYS }, { policy });
    for (const to of ['out.csv', 'test/../out.csv', '/tmp/out.csv', 'test/none/../../out.csv']) {
      const error = await failureOf(() => redshift.readToFiles({ object: 'public.t' }, { to }));
      expect(error).to.include({ code: 'RS_CONFIG_FORBIDDEN' });
    }
    await using other = connector.open({ ...VALUES, ...KEYS }, { policy: {} });
    const error = await failureOf(() => other.readToFiles({ object: 'public.t' }, { to: 'test/out.csv' }));
    expect(error).to.include({ code: 'RS_CONFIG_FORBIDDEN' });
  });

  it('reads rows from places in S3 that the host names', async () => {
    const policy = { sourceBuckets: ['landing', 'shared/in/*'] };
    await using redshift = connector.open({ ...VALUES, ...KEYS }, { policy });
    for (const file of ['s3://other/a.csv', 's3://shared/out/a.csv', 's3://shared/', 's3://other/manifest']) {
      const error = await failureOf(() => redshift.write({ object: 'public.t' }, { file }));
      expect(error).to.include({ code: 'RS_CONFIG_FORBIDDEN' });
    }
  });

  it('writes files to places in S3 that the host names, those beside them too', async () => {
    const policy = { targetBuckets: ['results', 'shared/out/*', 'exact/a.csv'], buckets: ['staging'] };
    await using redshift = connector.open({ ...VALUES, ...KEYS }, { policy });
    const isForbidden = async (to: string, more: object = {}): Promise<boolean> => {
      const outcome = await failureOf(() =>
        redshift.readToFiles({ object: 'public.t' }, { to, format: 'csv', ...more }),
      );
      return outcome.code === 'RS_CONFIG_FORBIDDEN';
    };
    for (const to of [
      's3://other/a.csv',
      's3://staging/a.csv',
      's3://shared/in/',
      's3://shared/',
      's3://RESULTS/a.csv',
    ]) {
      expect(await isForbidden(to), to).to.equal(true);
    }
    expect(await isForbidden('s3://exact/a.csv', { splitRows: 10 })).to.equal(true);
    for (const to of ['s3://results/a.csv', 's3://shared/out/', 's3://exact/a.csv']) {
      expect(await isForbidden(to), to).to.equal(false);
    }
  });

  it('loads no file at all for a host that names no roots', async () => {
    for (const host of [{ policy: {} }, { resolveSecret: () => undefined }]) {
      await using redshift = connector.open({ ...VALUES, ...KEYS }, host);
      const error = await failureOf(() => redshift.write({ object: 'public.t' }, { file: 'package.json' }));
      expect(error).to.include({ code: 'RS_CONFIG_FORBIDDEN' });
    }
  });

  it('gives one answer for a file that is absent and for one that lies elsewhere', async () => {
    await using redshift = connector.open({ ...VALUES, ...KEYS }, { policy: { fileRoots: ['test'] } });
    const answers = new Set<string>();
    for (const file of ['test/absent.csv', '/etc/absent.csv', '/etc/hostname']) {
      const { message, cause } = await failureOf(() => redshift.write({ object: 'public.t' }, { file }));
      answers.add(message);
      expect(cause).to.equal(undefined);
    }
    expect(answers.size).to.equal(1);
  });

  it('refuses words and names of a form that are none, before anything is sent', async () => {
    await using redshift = connector.open({ ...VALUES, ...KEYS });
    const object = 'public.t';
    const read = async (spec: object): Promise<void> => {
      for await (const batch of redshift.read(spec)) void batch;
    };
    for (const [path, work] of [
      ['operation', () => redshift.write({ object, operation: 'drop' as 'insert' }, [])],
      ['duplicateKeys', () => redshift.write({ object, duplicateKeys: 'drop' as 'fail' }, [])],
      ['keys', () => redshift.write({ object, keys: [['a'] as unknown as string] }, [])],
      ['mode', () => read({ object, mode: 'fast' })],
      ['partitionBoundaries[0]', () => read({ object, partitionBoundaries: [{}] })],
      ['filter', () => read({ object, filter: 'a = 1' })],
      ['preSql', () => read({ object, preSql: ['SELECT 1'] })],
      ['objects[0].join', () => read({ objects: [{ object, join: 'cross' }] })],
      [
        'partitionColumn',
        () => read({ object, partitionBoundaries: [1, 2n], mode: 'partitioned', allowInconsistent: true }),
      ],
      ['columns', () => read({ object, columns: [{ toString: () => '*' }] })],
      ['orderBy', () => read({ object, orderBy: [{ column: ['a'] }] })],
      ['object', () => redshift.preview({ object: ['public', { name: 't' }] as unknown as [string, string] })],
      ['object', () => redshift.discover({ object: ['a', 'b', 'c'] as unknown as [string, string] })],
    ] as const) {
      const { code, issues } = await failureOf(work as () => Promise<unknown>);
      expect({ code, path: issues[0]?.path }).to.deep.equal({ code: 'RS_CONFIG_INVALID', path });
    }
  });

  it('does no work once disposed of', async () => {
    const redshift = connector.open({ ...VALUES, ...KEYS });
    await redshift[Symbol.asyncDispose]();
    const error = await failureOf(() => redshift.preview({ object: 'public.t' }));
    expect(error.message).to.include('disposed');
  });
});
