import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { planAccess } from '../../src/access/plan-access.ts';
import { openAccess } from '../../src/auth/open-access.ts';
import { ConnectorError } from '../../src/core/errors.ts';
import { Secret } from '../../src/core/secret.ts';
import { accessOptionsWithout } from '../access/options.ts';
import { openCannedAws } from './canned-aws.ts';
import { openConnectProxy } from './connect-proxy.ts';
import { recordedRun } from './fakes.ts';

const START_URL = 'https://acme.awsapps.com/start';
const CONFIG = `
[profile sso]
sso_start_url = ${START_URL}
sso_region = eu-central-1
sso_account_id = 111122223333
sso_role_name = Etl
`;
const TOKEN = { accessToken: 'canary-sso-token', expiresAt: '2099-01-01T00:00:00Z' };

describe('a profile of IAM Identity Center', () => {
  const own = { HOME: process.env['HOME'], AWS_CONFIG_FILE: process.env['AWS_CONFIG_FILE'] };
  let folder: string;

  // The SDK reads these two where they stand.
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roleshift-sso-'));
    await mkdir(join(folder, '.aws', 'sso', 'cache'), { recursive: true });
    await writeFile(join(folder, '.aws', 'config'), CONFIG);
    const name = createHash('sha1').update(START_URL).digest('hex');
    await writeFile(join(folder, '.aws', 'sso', 'cache', `${name}.json`), JSON.stringify(TOKEN));
    process.env['HOME'] = folder;
    process.env['AWS_CONFIG_FILE'] = join(folder, '.aws', 'config');
  });
  after(async () => {
    for (const [name, value] of Object.entries(own)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    await rm(folder, { recursive: true });
  });

  it('asks the portal of its own region, through the proxy, whatever region and endpoint STS has', async () => {
    await using aws = await openCannedAws();
    await using proxy = await openConnectProxy(() => ({ status: 403 }));
    const options = accessOptionsWithout(['accessKeyId', 'secretAccessKey'], {
      identitySource: 'profile',
      profile: 'sso',
      stsEndpoint: aws.url,
      awsProxyUrl: new Secret(`http://${proxy.host}`),
    });
    const environment = { AWS_CONFIG_FILE: join(folder, '.aws', 'config') };
    await using access = openAccess(planAccess(options), { environment });
    const failure: unknown = await access.identity(recordedRun()).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(ConnectorError).and.include({ code: 'RS_AUTH_NO_SOURCE' });
    expect(inspect(failure, { depth: 9 })).to.not.include('canary');
    expect(proxy.authorities).to.deep.equal(['portal.sso.eu-central-1.amazonaws.com:443']);
    expect(aws.calls).to.deep.equal([]);
  });
});
