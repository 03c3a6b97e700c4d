import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { ConnectorError, type ErrorCode } from '../../src/core/errors.ts';
import { openRun } from '../../src/core/run.ts';
import { Secret } from '../../src/core/secret.ts';
import type { AddressCheck } from '../../src/db/checked-socket.ts';
import { planConnections } from '../../src/db/connection-plan.ts';
import { type ConnectionSource, openConnectionSource } from '../../src/db/connection-source.ts';
import { openRoleClient, RoleClient } from '../../src/db/role-client.ts';
import { checkAddress } from '../../src/manifest/addresses.ts';
import { serverCertificate } from '../../src/sandbox/pg/wire/certificates.ts';
import { type FakeAccessInit, fakeAccess } from './fake-access.ts';
import { type FakeConnection, type Manner, say, startFakeServer } from './fake-server.ts';

describe('RoleClient', () => {
  let folder: string;
  let caFile: string;
  const certificate = serverCertificate();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roleshift-tls-'));
    caFile = join(folder, 'ca.pem');
    await writeFile(caFile, certificate.caPem);
  });

  after(() => rm(folder, { recursive: true }));

  function sourceTo(
    init: FakeAccessInit,
    {
      connectTimeoutSeconds = 15,
      connectSql,
      check = (address: string) => checkAddress(address),
      signal,
    }: {
      connectTimeoutSeconds?: number;
      connectSql?: string;
      check?: AddressCheck;
      signal?: AbortSignal;
    } = {},
  ): ConnectionSource & { readonly requests: readonly unknown[] } {
    const access = fakeAccess({ tls: { caFile }, ...init });
    const plan = planConnections({
      applicationName: 'test',
      connectTimeoutSeconds,
      defaultSchema: 'public',
      idleSessionSeconds: 300,
      keepaliveSeconds: 30,
      sideSession: true,
      maxSessions: 10,
      statementTimeoutSeconds: 0,
      ...(connectSql === undefined ? {} : { connectSql }),
    });
    const source = openConnectionSource({ access, plan, run: openRun({ signal }), checkAddress: check });
    return { ...source, requests: access.requests };
  }

  /** Asks for the password in clear, takes it when it is the one given, and answers every query. */
  const acceptPassword =
    (expected: string): Manner =>
    async (connection) => {
      connection.send(say.authentication(3));
      if ((await connection.next()) !== expected) {
        return connection.send(say.error('28000', 'password authentication failed for user "IAM:etl"'));
      }
      connection.send(say.authentication(0), say.ready());
      await answerQueries(connection);
    };

  async function answerQueries(connection: FakeConnection): Promise<void> {
    for (;;) {
      await connection.next();
      connection.send(say.complete('SET'), say.ready());
    }
  }

  async function failure(work: Promise<unknown>): Promise<ConnectorError> {
    try {
      await work;
    } catch (error) {
      if (error instanceof ConnectorError) return error;
      throw error;
    }
    throw new Error('nothing failed');
  }

  it('sends user and password of one login, and keeps neither', async () => {
    await using server = await startFakeServer(certificate, acceptPassword('password-1'));
    const client = await openRoleClient(sourceTo({ port: server.port }));
    expect(server.connections[0]).to.include({ user: 'IAM:etl', database: 'dev' });
    expect(inspect(client, { depth: 5, showHidden: true })).not.to.contain('password-1');
    await client.end();
  });

  it('renews a rejected login once, on a new connection', async () => {
    await using server = await startFakeServer(certificate, acceptPassword('password-2'));
    const source = sourceTo({ port: server.port });
    const client = await openRoleClient(source);
    expect(server.connections).to.have.length(2);
    expect(source.requests).to.have.length(2);
    expect(source.requests[1]).to.have.nested.property('rejected.user', 'IAM:etl');
    await client.end();
  });

  it('gives up when the fresh login is rejected too', async () => {
    await using server = await startFakeServer(certificate, acceptPassword('another'));
    const error = await failure(openRoleClient(sourceTo({ port: server.port })));
    expect(error.code).to.equal('RS_AUTH_LOGIN_REJECTED');
    expect(server.connections).to.have.length(2);
    expect(inspect(error, { depth: 9 })).not.to.match(/password-\d/);
  });

  it('does not try a stored password twice', async () => {
    await using server = await startFakeServer(certificate, acceptPassword('another'));
    const error = await failure(openRoleClient(sourceTo({ port: server.port, stored: true })));
    expect(error.code).to.equal('RS_AUTH_LOGIN_REJECTED');
    expect(server.connections).to.have.length(1);
  });

  for (const [title, manner, code] of [
    ['a server without TLS', 'refuse', 'RS_CONN_TLS'],
    ['a server that never answers', 'silent', 'RS_TIMEOUT'],
    ['a password kept as SHA-256', (to: FakeConnection) => to.send(say.authentication(13)), 'RS_AUTH_LOGIN_REJECTED'],
    ['a message that pg does not know', (to: FakeConnection) => to.send(say.unknown()), 'RS_CONN_UNREACHABLE'],
    ['a connection cut during the start', (to: FakeConnection) => to.cut(), 'RS_CONN_UNREACHABLE'],
  ] as const satisfies readonly (readonly [string, Manner, ErrorCode])[]) {
    it(`ends ${title} with ${code}, not the process`, async () => {
      await using server = await startFakeServer(certificate, manner);
      const error = await failure(
        openRoleClient(sourceTo({ port: server.port }, { connectTimeoutSeconds: manner === 'silent' ? 0.3 : 15 })),
      );
      expect(error.code).to.equal(code);
    });
  }

  it('ends at once, for the reason given, when its pool is closed while it connects', async () => {
    await using server = await startFakeServer(certificate, 'silent');
    const closing = new AbortController();
    const reason = new Error('closed');
    const opening = openRoleClient(sourceTo({ port: server.port }, { signal: closing.signal })).then(
      () => new Error('it opened'),
      (error: unknown) => error,
    );
    setTimeout(() => closing.abort(reason), 100);
    expect(await opening).to.equal(reason);
  });

  it('refuses an authority that is not trusted, and sends no login', async () => {
    await using server = await startFakeServer(certificate, acceptPassword('password-1'));
    const error = await failure(openRoleClient(sourceTo({ port: server.port, tls: {}, host: '127.0.0.1' }, {})).then());
    expect(error.code).to.equal('RS_CONN_TLS');
    expect(server.connections).to.be.empty;
  });

  it('refuses a certificate for another name unless only the authority is to be verified', async () => {
    await using server = await startFakeServer(certificate, acceptPassword('password-1'));
    const to = (tls: FakeAccessInit['tls']): ConnectionSource =>
      sourceTo({ port: server.port, tls: { caFile, ...tls } });

    expect((await failure(openRoleClient(to({ serverName: 'warehouse.example.com' })))).code).to.equal('RS_CONN_TLS');
    await (await openRoleClient(to({ serverName: 'warehouse.example.com', mode: 'verify-ca' }))).end();
    await (await openRoleClient(to({ serverName: 'localhost' }))).end();
    expect(server.connections.map(({ serverName }) => serverName)).to.deep.equal([
      'warehouse.example.com',
      'localhost',
    ]);
  });

  for (const [title, file] of [
    ['is not there', 'absent.pem'],
    ['holds no certificate', 'empty.pem'],
  ] as const) {
    it(`says so when the CA file ${title}`, async () => {
      await writeFile(join(folder, 'empty.pem'), 'nothing');
      const error = await failure(openRoleClient(sourceTo({ port: 1, tls: { caFile: join(folder, file) } })));
      expect(error.code).to.equal('RS_CONN_TLS');
      expect(error.message).to.contain(file);
    });
  }

  it('connects only to an address that passed the check, given or looked up', async () => {
    const seen: string[] = [];
    const check: AddressCheck = (address) => {
      seen.push(address);
      throw new ConnectorError('RS_CONFIG_FORBIDDEN', 'not this one');
    };
    for (const host of ['127.0.0.1', 'localhost']) {
      const error = await failure(openRoleClient(sourceTo({ port: 1, host }, { check })));
      expect(error.code).to.equal('RS_CONFIG_FORBIDDEN');
    }
    expect(seen[0]).to.equal('127.0.0.1');
    expect(seen[1]).to.be.oneOf(['127.0.0.1', '::1']);
  });

  it('refuses a metadata address', async () => {
    const error = await failure(openRoleClient(sourceTo({ port: 80, host: '169.254.169.254' })));
    expect(error.code).to.equal('RS_CONFIG_FORBIDDEN');
  });

  it('points into connect SQL that the server refuses, and closes the connection', async () => {
    await using server = await startFakeServer(certificate, async (connection) => {
      connection.send(say.authentication(0), say.ready());
      for (;;) {
        const query = await connection.next();
        if (query.startsWith('SET')) connection.send(say.complete('SET'), say.ready());
        else connection.send(say.error('42601', 'syntax error'), say.ready());
      }
    });
    const error = await failure(openRoleClient(sourceTo({ port: server.port }, { connectSql: 'selec 1' })));
    expect(error.code).to.equal('RS_SQL_USER_FAILED');
  });

  it('passes on why there is no login, without connecting', async () => {
    const refusal = new ConnectorError('RS_AUTH_ROLE_DENIED', 'no');
    const source = sourceTo({ port: 1, login: () => Promise.reject(refusal) });
    expect(await failure(openRoleClient(source))).to.equal(refusal);
  });

  it('waits for a login no longer than its program lets it', async () => {
    const source = sourceTo({ port: 1, login: () => new Promise(() => undefined) });
    const error = await failure(new RoleClient(source, { connectionTimeoutMillis: 200 }).connect());
    expect(error.code).to.equal('RS_TIMEOUT');
    expect(error.details).to.deep.equal({ wait: 'login', limitSeconds: 0.2 });
  });

  it('speaks to callbacks as pg does', async () => {
    await using server = await startFakeServer(certificate, acceptPassword('password-1'));
    const client = new RoleClient(sourceTo({ port: server.port }));
    const given = await new Promise((resolve) =>
      client.connect((error: Error | null, same?: unknown) => resolve([error, same])),
    );
    expect(given).to.deep.equal([null, client]);
    await client.end();

    const failing = new RoleClient(
      sourceTo({ port: 1, login: async () => ({ user: 'u', database: 'd', password: new Secret('p') }) }),
    );
    const error = await new Promise((resolve) => failing.connect((raised: Error | null) => resolve(raised)));
    expect(error).to.include({ code: 'RS_CONN_UNREACHABLE' });
  });
});
