import { ConnectorError, EXIT_STATUS } from '../core/errors.ts';
import type { CheckReport, CheckSpec, CheckStep } from '../operations/check/report.ts';
import { describeReport, describeStep } from './check-screen.ts';
import { watchCheck } from './check-watch.ts';
import { openConnection } from './connection.ts';
import { openOutput } from './output.ts';
import type { CommandContext } from './program.ts';

export interface CheckCommand extends CheckSpec {
  readonly connection: string;
  readonly mode: 'standard' | 'advanced';
  readonly watch?: boolean;
  /** In seconds. */
  readonly timeout?: number;
}

/** `roleshift check`: one line a hop as it is tried, then the sum; exits by the category of the first failure. */
export async function check(command: CheckCommand, context: CommandContext): Promise<number> {
  const { connection, mode, watch, timeout, ...spec } = command;
  if (timeout !== undefined && watch !== true) {
    throw new ConnectorError('RS_CONFIG_INVALID', '--timeout is how long --watch goes on', { action: 'Add --watch.' });
  }
  if (spec.operation !== undefined && spec.write === undefined) {
    throw new ConnectorError('RS_CONFIG_INVALID', '--operation is how the table of --write is to be written', {
      action: 'Add --write TABLE.',
    });
  }
  using output = openOutput(context);
  const once = async (round: CheckSpec, onStep?: (step: CheckStep) => void): Promise<CheckReport> => {
    await using redshift = await openConnection(connection, output, { mode });
    const { signal } = context;
    return await redshift.check({ ...spec, ...round, signal, ...(onStep === undefined ? {} : { onStep }) });
  };
  if (watch === true) return statusOf(await watchCheck(once, { ...context, output, timeoutSeconds: timeout }));

  const titles = new Map<string, string>();
  const show = (step: CheckStep): void => {
    titles.set(step.id, step.title);
    output.text(describeStep(step, titles).join('\n'));
  };
  const report = await once({}, context.json ? undefined : show);
  if (context.json) output.result(report);
  else output.text(describeReport(report));
  return statusOf(report);
}

function statusOf({ steps }: CheckReport): number {
  const failed = steps.find(({ verdict }) => verdict === 'fail');
  return failed ? EXIT_STATUS[failed.error?.category ?? 'internal'] : 0;
}
