import type { Socket } from 'node:net';
import { expect } from 'chai';
import type { Client } from 'pg';
import type { BackendSession } from '../../src/sandbox/pg/backend-session.ts';
import { RedshiftError } from '../../src/sandbox/pg/backend-session.ts';
import type { StatementHandler } from '../../src/sandbox/pg/statement-handler.ts';
import { openTestCluster, refusal, type TestCluster } from './pg-cluster.ts';

async function* rows(count: number, first = 0): AsyncGenerator<Buffer> {
  for (let n = first; n < first + count; n++) yield Buffer.from(`${n},row ${n}\n`);
}

/** What the test wants a `COPY` to do with the session it is given. */
let act: (backend: BackendSession) => Promise<void>;

const handler: StatementHandler = {
  matches: (sql) => /^copy\b/i.test(sql),
  run: async ({ backend, sessionState }) => {
    await act(backend);
    sessionState.lastCopyCount = 42;
    return { tag: 'COPY' };
  },
};

for (const isolation of ['snapshot', 'serializable'] as const) {
  describe(`Handled statements in a ${isolation} database`, () => {
    let cluster: TestCluster;
    let client: Client;
    before(async () => {
      cluster = await openTestCluster({ isolation }, [handler]);
      client = await cluster.client();
      await client.query('CREATE TABLE t (i int, v varchar(10))');
    });
    beforeEach(() => client.query('DELETE FROM t'));
    after(() => cluster[Symbol.asyncDispose]());

    const load = (source: AsyncIterable<Buffer>) => async (backend: BackendSession) => {
      await backend.lockForWrite('"public"."t"');
      await backend.copyIn('COPY public.t FROM STDIN (FORMAT csv)', source);
    };

    it('load rows on the own connection, and commit them', async () => {
      act = load(rows(10_000));
      const { command } = await client.query("COPY t FROM 's3://bucket/key'");
      expect(command).to.equal('COPY');
      expect(await cluster.rows(client, 'SELECT count(*), pg_last_copy_count() FROM t')).to.deep.equal([
        ['10000', '42'],
      ]);
    });

    it('are part of a block, and rolled back with it', async () => {
      act = load(rows(5));
      await client.query("BEGIN; COPY t FROM 's3://bucket/key'");
      expect(await cluster.rows(client, 'SELECT count(*) FROM t')).to.deep.equal([['5']]);
      await client.query('ROLLBACK');
      expect(await cluster.rows(client, 'SELECT count(*) FROM t')).to.deep.equal([['0']]);
    });

    it('are refused in the words of the handler, and nothing stays', async () => {
      act = async (backend) => {
        await load(rows(5))(backend);
        throw new RedshiftError({ code: 'XX000', message: "Load into table 't' failed.", hint: 'look' });
      };
      const error = await refusal(client.query("COPY t FROM 's3://bucket/key'"));
      expect([error.code, error.message]).to.deep.equal(['XX000', "Load into table 't' failed."]);
      expect(await cluster.rows(client, 'SELECT count(*) FROM t')).to.deep.equal([['0']]);
    });

    it('see the byte length of columns, with the line of the failing row', async () => {
      act = load(
        (async function* () {
          yield* rows(3);
          yield Buffer.from('4,größegröße\n');
          yield* rows(100_000);
        })(),
      );
      const error = await refusal(client.query("COPY t FROM 's3://bucket/key'"));
      expect(error.message).to.equal('value too long for type character varying(10)');
      expect((error as { where?: string }).where).to.match(/COPY t, line 4/);
    });

    it('survive a source that fails halfway', async () => {
      act = load(
        (async function* () {
          yield* rows(3);
          throw new RedshiftError({ code: 'XX000', message: 'S3ServiceException' });
        })(),
      );
      expect((await refusal(client.query("COPY t FROM 's3://bucket/key'"))).message).to.equal('S3ServiceException');
      expect(await cluster.rows(client, 'SELECT count(*) FROM t')).to.deep.equal([['0']]);
    });

    it('read rows as a stream, to the end or not', async () => {
      act = load(rows(50_000));
      await client.query("COPY t FROM 's3://bucket/key'");
      let bytes = 0;
      act = async (backend) => {
        for await (const chunk of backend.copyOut('COPY (SELECT i FROM t ORDER BY i) TO STDOUT')) bytes += chunk.length;
        for await (const chunk of backend.copyOut('COPY (SELECT i FROM t ORDER BY i) TO STDOUT')) {
          expect(chunk.toString().slice(0, 4)).to.equal('0\n1\n');
          break;
        }
        expect((await backend.query('SELECT count(*) FROM t')).rows).to.deep.equal([['50000']]);
      };
      await client.query("COPY t FROM 's3://bucket/key'");
      expect(bytes).to.equal(Array.from({ length: 50_000 }, (_, n) => `${n}\n`).join('').length);
    });

    it('translate queries, write beside the transaction, and notify', async () => {
      const notices: string[] = [];
      client.on('notice', ({ message }) => notices.push(message ?? ''));
      act = async (backend) => {
        expect(
          (await backend.query(backend.translate('SELECT NVL(NULL, "I") FROM "T" WHERE 1 = 0'))).rows,
        ).to.deep.equal([]);
        await backend.admin(
          `INSERT INTO rs_stl_load_errors (userid, session, err_reason) SELECT oid, ${backend.pid}, 'because' FROM pg_roles WHERE rolname = 'etl'`,
        );
        backend.notice('INFO', 'Load completed');
        throw new RedshiftError({ code: 'XX000', message: 'failed' });
      };
      await refusal(client.query("COPY t FROM 's3://bucket/key'"));
      expect(notices).to.deep.equal(['Load completed']);
      const errors = await cluster.rows(
        client,
        'SELECT trim(err_reason) FROM stl_load_errors WHERE session = pg_backend_pid()',
      );
      expect(errors).to.deep.equal([['because']]);
    });

    it('go on, and are committed, when the client leaves', async () => {
      let finish = (): void => undefined;
      const held = new Promise<void>((resolve) => {
        finish = resolve;
      });
      act = async (backend) => {
        await load(rows(3))(backend);
        await held;
      };
      const leaver = await cluster.client();
      const copy = refusal(leaver.query("COPY t FROM 's3://bucket/key'"));
      await new Promise((resolve) => setTimeout(resolve, 50));
      (leaver as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
      await copy;
      finish();
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(await cluster.rows(client, 'SELECT count(*) FROM t')).to.deep.equal([['3']]);
    });

    it('make other writers wait until they are committed', async () => {
      let finish = (): void => undefined;
      const held = new Promise<void>((resolve) => {
        finish = resolve;
      });
      act = async (backend) => {
        await load(rows(2))(backend);
        await held;
      };
      const other = await cluster.client();
      const copy = client.query("COPY t FROM 's3://bucket/key'");
      await new Promise((resolve) => setTimeout(resolve, 100));
      const update = other.query('UPDATE t SET i = i + 10');
      finish();
      await copy;
      expect((await update).rowCount).to.equal(2);
    });
  });
}
