/**
 * A process whose only way to AWS is the proxy in its first argument; prints whom it logs in as. A process of its own,
 * since Node reads the authorities that it trusts (NODE_EXTRA_CA_CERTS) when it starts.
 */
import { planAccess } from '../../src/access/plan-access.ts';
import { openAccess } from '../../src/auth/open-access.ts';
import { openRun } from '../../src/core/run.ts';
import { Secret } from '../../src/core/secret.ts';
import { accessOptions } from '../access/options.ts';

const awsProxyUrl = new Secret(process.argv[2] ?? '');
await using access = openAccess(planAccess(accessOptions({ awsProxyUrl, loginMethod: 'iamIdentity' })));
const { user } = await access.login(openRun());
process.stdout.write(user);
