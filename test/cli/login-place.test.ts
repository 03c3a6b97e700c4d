import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { expect } from 'chai';
import { environmentOf, placeOf, trustedRoots } from '../../src/cli/login-place.ts';
import { Secret } from '../../src/core/secret.ts';
import type { IssuedLogin } from '../../src/operations/login.ts';

const [PEM = ''] = rootCertificates;

function login(changes: Partial<IssuedLogin> = {}): IssuedLogin {
  const base = { host: 'warehouse.example.com', port: 5439, database: 'dev', user: 'IAM:etl' };
  return { ...base, password: new Secret('p'), tls: { mode: 'verify-full' }, ...changes };
}

describe('the place of a login', () => {
  it('is the host, with the system’s roots where the connection names none', async () => {
    const place = await placeOf(login());
    expect(place).to.include({ host: 'warehouse.example.com', sslMode: 'verify-full' });
    expect(place.sslRootCert).to.match(/^(?:\/etc\/.+|system)$/);
    expect(place).not.to.have.any.keys('hostAddress', 'caFile');
  });

  it('is the name in the certificate, and the address of the host, behind a tunnel', async () => {
    for (const host of ['127.0.0.1', 'localhost']) {
      const place = await placeOf(login({ host, tls: { mode: 'verify-full', serverName: 'warehouse.example.com' } }));
      expect(place.host).to.equal('warehouse.example.com');
      expect(place.hostAddress).to.be.oneOf(['127.0.0.1', '::1']);
      expect(environmentOf(place)).to.include({ PGHOST: 'warehouse.example.com', PGHOSTADDR: place.hostAddress });
    }
  });

  it('is unreachable where DNS does not know the host', async () => {
    const tls = { mode: 'verify-full', serverName: 'warehouse.example.com' } as const;
    const failure: unknown = await placeOf(login({ host: 'no-such-host.invalid', tls })).catch(
      (error: unknown) => error,
    );
    expect(failure).to.deep.include({ code: 'RS_CONN_UNREACHABLE', details: { host: 'no-such-host.invalid' } });
  });
});

describe('the roots that a program is given', () => {
  let folder: string;
  let file: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roleshift-roots-'));
    file = join(folder, 'ca.pem');
    await writeFile(file, `# ours\n${PEM}\n`);
  });
  after(() => rm(folder, { recursive: true }));

  const count = (text: string): number => text.split('-----BEGIN CERTIFICATE-----').length - 1;

  it('are those of Node and of the CA file', async () => {
    const text = await trustedRoots({ mode: 'verify-full', caFile: file }, { NODE_EXTRA_CA_CERTS: file });
    expect([count(text), text.includes('# ours')]).to.deep.equal([rootCertificates.length + 1, true]);
  });

  it('are those of Node and of NODE_EXTRA_CA_CERTS without one, as for a session of ours', async () => {
    for (const [extra, more] of [
      [file, 1],
      ['', 0],
      [join(folder, 'absent'), 0],
      [undefined, 0],
    ] as const) {
      const text = await trustedRoots({ mode: 'verify-full' }, { NODE_EXTRA_CA_CERTS: extra });
      expect(count(text), String(extra)).to.equal(rootCertificates.length + more);
    }
  });

  it('fail with a CA file that cannot be read', async () => {
    const failure: unknown = await trustedRoots({ mode: 'verify-ca', caFile: join(folder, 'absent') }, {}).catch(
      (error: unknown) => error,
    );
    expect(failure).to.have.property('code', 'RS_CONN_TLS');
  });
});
