import { expect } from 'chai';
import { type GrantedOperation, type GrantSpec, planGrants } from '../../src/operations/grants.ts';
import type { WriteSpec } from '../../src/operations/write-spec.ts';
import { openWriteWorld, type WriteWorld } from './write/write-world.ts';

const ORDERS = ['sales', 'orders'] as const;
const COPY_ROLE = 'arn:aws:iam::111122223333:role/WarehouseCopy';
const BASE: GrantSpec = {
  database: 'dev',
  to: { kind: 'user', name: 'fresh' },
  operations: ['read'],
  objects: [ORDERS],
};

const statementsOf = (spec: Partial<GrantSpec>): readonly string[] =>
  planGrants({ ...BASE, ...spec }).statements.map(({ statement }) => statement);

describe('the statements of roleshift grants', () => {
  it('are USAGE and SELECT for a read', () => {
    expect(statementsOf({})).to.deep.equal([
      'GRANT USAGE ON SCHEMA "sales" TO "fresh";',
      'GRANT SELECT ON TABLE "sales"."orders" TO "fresh";',
    ]);
  });

  it('name a group or a role, quotes and all, and each right once', () => {
    const statements = statementsOf({
      to: { kind: 'group', name: 'a"b' },
      operations: ['read', 'write:upsert', 'write:delete'],
      ledger: 'firstWrite',
      copyRole: `${COPY_ROLE},${COPY_ROLE}2`,
    });
    expect(statements).to.deep.equal([
      'GRANT TEMP ON DATABASE "dev" TO GROUP "a""b";',
      'GRANT USAGE, CREATE ON SCHEMA "sales" TO GROUP "a""b";',
      'GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "sales"."orders" TO GROUP "a""b";',
      `GRANT ASSUMEROLE ON '${COPY_ROLE},${COPY_ROLE}2' TO GROUP "a""b" FOR COPY, UNLOAD;`,
    ]);
    expect(statementsOf({ to: { kind: 'role', name: 'r' } })[0]).to.match(/TO ROLE "r";$/);
    expect(statementsOf({ copyRole: 'default' }).at(-1)).to.equal('GRANT ASSUMEROLE ON DEFAULT TO "fresh" FOR UNLOAD;');
  });

  it('make the ledger in advance, unless it is not wanted', () => {
    const [ledger, ...others] = statementsOf({ operations: ['write:insert'] });
    expect(ledger).to.match(/^CREATE TABLE IF NOT EXISTS "sales"."roleshift_ledger_orders_/);
    expect(others.at(-1)).to.match(/^GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "sales"."roleshift_ledger_orders_/);
    expect(statementsOf({ operations: ['write:insert'], ledger: 'off' })).to.have.length(2);
  });

  it('say what no GRANT gives', () => {
    expect(planGrants(BASE).notes).to.deep.equal([]);
    const { notes } = planGrants({ ...BASE, operations: ['write:insert'], changesTarget: true, createsTarget: true });
    expect(notes).to.have.length(3);
  });
});

interface Case extends Partial<Pick<GrantSpec, 'before' | 'isStaged'>> {
  readonly operation: GrantedOperation;
  readonly spec: Omit<WriteSpec, 'object'>;
}

const KEYED = { keys: ['id'] } as const;
const CASES: readonly Case[] = [
  { operation: 'write:insert', spec: {} },
  { operation: 'write:insert', spec: { ledger: 'off' } },
  { operation: 'write:insert', spec: { rejectLimit: 1, ledger: 'off' }, isStaged: true },
  { operation: 'write:insert', spec: { before: 'truncate', ledger: 'off' }, before: 'truncate' },
  { operation: 'write:insert', spec: { before: 'deleteAll', ledger: 'off' }, before: 'deleteAll' },
  { operation: 'write:update', spec: { operation: 'update', ledger: 'off', ...KEYED } },
  { operation: 'write:upsert', spec: { operation: 'upsert', ...KEYED } },
  { operation: 'write:replaceRow', spec: { operation: 'replaceRow', ledger: 'off', ...KEYED } },
  { operation: 'write:delete', spec: { operation: 'delete', ledger: 'off', ...KEYED } },
];

describe('a fresh user with these grants', () => {
  let world: WriteWorld;
  before(async () => {
    world = await openWriteWorld((_world, _account, cluster) => cluster.users?.push({ name: 'fresh' }), {
      username: 'fresh',
      copyRole: COPY_ROLE,
    });
    await world.world.sql('REVOKE TEMP ON DATABASE dev FROM PUBLIC; REVOKE ASSUMEROLE ON ALL FROM PUBLIC FOR ALL');
  });
  after(() => world[Symbol.asyncDispose]());

  for (const [index, { operation, spec, ...rest }] of CASES.entries()) {
    const name = `target_${index}`;
    const title = `${operation} ${JSON.stringify(spec)}`;
    it(`can do it, and not without any single one: ${title}`, async () => {
      await world.table(name, 'id INT, n INT');
      const statements = statementsOf({
        operations: [operation],
        objects: [['sales', name]],
        copyRole: COPY_ROLE,
        ...rest,
        ...(spec.ledger === 'off' ? { ledger: 'off' } : {}),
      });
      const write = async () => {
        await world.world.sql(`INSERT INTO sales.${name} VALUES (1, 1)`); // something to find
        return world.write({ object: `sales.${name}`, ...spec }, [{ id: 1, n: 2 }]);
      };
      for (const statement of statements) await world.world.sql(statement);
      expect((await write()).outcome).to.equal('committed');
      for (const grant of statements.filter((text) => text.startsWith('GRANT')).flatMap(singles)) {
        // LOCK asks for UPDATE or DELETE, and forgetting old runs for DELETE: here one of them is enough.
        if (grant.includes('GRANT UPDATE') && grant.includes('roleshift_ledger')) continue;
        await world.world.sql(grant.replace(/^GRANT/, 'REVOKE').replace(' TO ', ' FROM '));
        const outcome = await write().then(
          () => 'done',
          ({ code }: { readonly code: string }) => code,
        );
        expect(outcome, `without ${grant}`).to.match(
          /^RS_(?:AUTH_PERMISSION|CONFIG_OBJECT_MISSING|STAGING_DENIED|SQL_FAILED)$/,
        );
        await world.world.sql(grant);
      }
      expect((await write()).outcome).to.equal('committed');
    });
  }
});

/** One statement for each right. */
function singles(grant: string): readonly string[] {
  const [, rights = '', rest = ''] = /^GRANT (.*?) (ON .*)$/.exec(grant) ?? [];
  return rights.split(', ').map((right) => `GRANT ${right} ${rest}`);
}
