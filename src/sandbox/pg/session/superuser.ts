import type { SuperuserRows } from '../../cluster.ts';
import { RedshiftError } from '../backend-session.ts';
import { SUPERUSER } from '../process/postgres.ts';
import { MAKES_OPAQUE } from '../sql/given-literals.ts';
import { planStatement } from '../sql/plan-statement.ts';
import { splitStatements, tokenize } from '../sql/tokens.ts';
import { connectBackend } from '../wire/backend-client.ts';
import type { ClusterCore } from './cluster-core.ts';

/** Runs PostgreSQL's SQL as superuser in every database of the cluster, one after the other. */
export async function runEverywhere(core: ClusterCore, sql: string): Promise<void> {
  const { rows } = await core.admin(
    'postgres',
    "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'",
  );
  for (const [database] of rows) if (database !== null && database !== undefined) await core.admin(database, sql);
}

/**
 * Runs SQL as superuser in a session of its own: Redshift's statements mean what they mean to clients, and what PostgreSQL
 * has besides is let through. Answers the last result.
 */
export async function runAsSuperuser(core: ClusterCore, database: string, text: string): Promise<SuperuserRows> {
  const backend = await connectBackend({
    socketDir: core.socketDir,
    user: SUPERUSER,
    database,
    parameters: { standard_conforming_strings: 'off', escape_string_warning: 'off' },
  });
  try {
    const state = {
      lastQueryId: 0,
      lastCopyCount: 0,
      lastCopyId: 0,
      lastUnloadCount: 0,
      lastUnloadId: 0,
      nextQueryId: () => core.nextQueryId(),
    };
    let last: SuperuserRows = { columns: [], rows: [] };
    for (const tokens of splitStatements(tokenize(text))) {
      const plan = planStatement(text, tokens, {
        rules: { caseSensitive: core.init.cluster.caseSensitiveIdentifiers ?? false, names: core.names },
        state,
        lenient: true,
        foreignFunctions: core.foreignFunctions,
        handlers: [],
        database,
        singleNode: false,
        superuser: true,
        hasLateViews: core.hasLateViews,
      });
      if ('sql' in plan && MAKES_OPAQUE.test(plan.sql)) core.hasOpaqueColumns = true;
      if (plan.kind === 'run' && plan.verb === 'CREATE VIEW' && plan.hidesRows) core.hasLateViews = true;
      if (plan.kind === 'run' && plan.verb === 'CREATE EXTERNAL TABLE') core.hasExternalTables = true;
      await core.learnNames(database);
      if (plan.kind === 'refused') throw new RedshiftError(plan.fields);
      if (plan.kind === 'admin' && plan.everywhere) {
        await runEverywhere(core, plan.sql);
        continue;
      }
      const sql =
        'sql' in plan ? plan.sql : plan.kind === 'commit' ? 'COMMIT' : plan.kind === 'rollback' ? 'ROLLBACK' : '';
      const steps = plan.kind === 'run' ? [...plan.before, plan.sql] : [sql];
      for (const step of steps) {
        if (step === '') continue;
        const { columns, rows } = await backend.query(step);
        last = { columns: columns.map(({ name }) => core.names.fromPostgres(name)), rows };
      }
      for (const step of plan.kind === 'run' ? plan.after : []) await backend.query(step);
    }
    return last;
  } finally {
    backend.destroy();
  }
}
