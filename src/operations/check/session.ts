import type { Run } from '../../core/run.ts';
import type { Connection } from '../connection.ts';
import type { CheckTask } from './tasks.ts';

/** A session, and who we are in it. */
export function sessionTasks(
  { database }: Connection,
  run: Run,
  { needs }: { readonly needs: readonly string[] },
): readonly CheckTask[] {
  return [
    {
      id: 'session',
      title: 'Open a session',
      needs,
      attempt: async () => {
        await using session = await database.session(run);
        const { redshiftVersion, user, database: name, isolation } = session.capabilities();
        const isRedshift = redshiftVersion !== '';
        const version = isRedshift ? `Redshift ${redshiftVersion}` : 'a server that does not name itself Redshift';
        return {
          evidence: `${user} in ${name}, ${version}, ${isolation} isolation`,
          warning: isRedshift ? undefined : 'The server does not say that it is Redshift',
        };
      },
    },
  ];
}
