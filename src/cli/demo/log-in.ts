import { styleText } from 'node:util';
import type { HopEvent } from '../../core/events.ts';
import type { ConnectionInput } from '../../manifest/options.gen.ts';
import { describeHop } from '../output.ts';
import { claim, type Stage, withConnection } from './stage.ts';

/** One identity logs in; one line a hop. */
export async function logIn(stage: Stage, title: string, name: string, changes: ConnectionInput = {}): Promise<void> {
  const { say } = stage;
  say(`\n  ${title}`);
  const seen = new Set<string>();
  const onHop = (hop: HopEvent): void => {
    if (seen.has(hop.hop + hop.principal)) return;
    seen.add(hop.hop + hop.principal);
    say(`  ${describeHop(hop)}`);
  };
  const found = await withConnection(
    stage,
    name,
    changes,
    (redshift) => redshift.preview({ query: 'select current_user, version()' }, stage.context),
    onHop,
  );
  const [user, version] = found.columns.map(([value]) => String(value));
  say(`    ${styleText('green', '✔')} ${user} on ${/Redshift [\d.]+/.exec(version ?? '')?.[0] ?? version}`);
  claim(stage, `${title}: a session as ${user}`, user !== undefined && seen.size > 0);
}
