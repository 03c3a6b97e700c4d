import { type AddressInfo, createServer } from 'node:net';
import { expect } from 'chai';
import { planAccess } from '../../src/access/plan-access.ts';
import { openAccess } from '../../src/auth/open-access.ts';
import { ConnectorError } from '../../src/core/errors.ts';
import { openRun } from '../../src/core/run.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { resolveOptions } from '../../src/manifest/resolve.ts';
import { check } from '../../src/operations/check/check.ts';

describe('check, where the host forbids an address', () => {
  it('opens no socket to it', async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const checkAddress = (address: string): void => {
      throw new ConnectorError('RS_CONFIG_FORBIDDEN', `The host does not allow ${address}`);
    };
    try {
      const options = resolveOptions({ host: 'localhost', port, database: 'dev', username: 'u', password: 'p' });
      await using access = openAccess(planAccess(options));
      await using database = openDatabase(access, options, { checkAddress });
      const { steps } = await check({ options, access, database, workDirectory: '/tmp' }, { checkAddress }, openRun());
      const failed = steps.filter(({ error }) => error?.code === 'RS_CONFIG_FORBIDDEN').map(({ id }) => id);
      expect(failed).to.include('endpoint');
      expect(connections).to.equal(0);
    } finally {
      server.close();
    }
  });
});
