// A Node program with a query builder: the pool logs in by role, Kysely does not know.
// Run: node --import tsx samples/programs/kysely.ts warehouse.yaml
import { Kysely, PostgresDialect, sql } from 'kysely';
import { loadConnectionFile } from 'roleshift';
import { createPool } from 'roleshift/pool';

interface Database {
  'public.orders': { id: string; note: string | null; amount: string };
}

const [file = 'warehouse.yaml'] = process.argv.slice(2);
const pool = createPool(await loadConnectionFile(file), { max: 4 });
const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });

const { rows } = await sql<{ name: string }>`select current_user as name`.execute(db);
console.log('logged in as', rows[0]?.name);
const orders = await db.selectFrom('public.orders').select(['id', 'amount']).orderBy('id').execute();
for (const { id, amount } of orders) console.log('order', id, amount);
await db.destroy();
