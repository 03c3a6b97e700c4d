import { ConnectorError } from '../../core/errors.ts';
import { describeFailure } from '../failure.ts';
import { claim, heading, type Stage, withConnection } from './stage.ts';

/** The message that a user gets for a role that does not trust the caller. */
export async function meetRefusal(stage: Stage): Promise<void> {
  const { say } = stage;
  say(heading('A door that stays closed', 'a role that trusts another account only'));
  const roleArn = 'arn:aws:iam::111122223333:role/RedshiftAudit';
  try {
    await withConnection(stage, 'keys-etl-agent', { roleArn }, (redshift) =>
      redshift.preview({ query: 'select 1' }, stage.context),
    );
    claim(stage, 'the role that does not trust the caller is refused', false);
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    for (const line of describeFailure(error)) say(`  ${line}`);
    claim(stage, 'the role that does not trust the caller is refused', error.code === 'RS_AUTH_ROLE_DENIED');
  }
}
