import { ConnectorError } from '../core/errors.ts';
import { plainText } from '../core/plain-text.ts';
import type { IssuedLogin } from '../operations/login.ts';
import { openConnection } from './connection.ts';
import { describeFailure } from './failure.ts';
import { checkSecretFile, removeWrittenFile, type WrittenFile, writeSecretFile } from './login-file.ts';
import { holdsPassword, type LoginForm, renderLogin } from './login-forms.ts';
import { environmentOf, placeOf } from './login-place.ts';
import { renewUntil } from './login-renewal.ts';
import { type Output, openOutput } from './output.ts';
import type { CommandContext } from './program.ts';

export interface LoginCommand {
  readonly connection: string;
  readonly mode: 'standard' | 'advanced';
  readonly format?: LoginForm;
  readonly output?: string;
  readonly replace?: boolean;
  readonly keep?: boolean;
  readonly show?: boolean;
}

/** `roleshift login`: the login in the form that another program reads, printed, written, or kept fresh in a file. */
export async function login(command: LoginCommand, context: CommandContext): Promise<number> {
  const form = command.format ?? (context.json && command.output === undefined ? 'json' : 'env');
  refuseContradictions(command, form, context);
  const { output: path } = command;
  if (path !== undefined) await checkSecretFile(path, { replace: command.replace === true });
  using output = openOutput({ ...context, withoutProgress: true });
  await using redshift = await openConnection(command.connection, output, { mode: command.mode });
  const issued = await redshift.login(context);
  if (path === undefined) {
    process.stdout.write(await textOf(form, issued));
    if (!context.json) tell(issued, undefined, output);
    return 0;
  }
  const file = await writeSecretFile(path, await textOf(form, issued));
  if (context.json) output.result({ output: path, user: issued.user, expiresAt: issued.expiresAt ?? null });
  else tell(issued, path, output);
  if (command.keep !== true) return 0;
  await keepFresh(file, issued, { ask: (signal) => redshift.login({ signal }), form, output, signal: context.signal });
  return 0;
}

/** Throws RS_CONFIG_INVALID, before anybody is asked for a login. */
function refuseContradictions(
  { output, keep, replace, show, format }: LoginCommand,
  form: LoginForm,
  { json }: CommandContext,
): void {
  if (output === undefined && (keep === true || replace === true)) {
    throw new ConnectorError('RS_CONFIG_INVALID', '--keep and --replace are about the file of --output', {
      action: 'Add --output FILE.',
    });
  }
  if (output === undefined && json && format !== undefined && format !== 'json') {
    throw new ConnectorError('RS_CONFIG_INVALID', `--json and --format ${format} cannot share standard output`, {
      action: 'Leave one of them out, or add --output FILE.',
    });
  }
  if (output === undefined && holdsPassword(form) && process.stdout.isTTY && show !== true) {
    throw new ConnectorError('RS_CONFIG_INVALID', 'A login holds a password, and standard output is a terminal', {
      action: 'Run the program itself by roleshift exec, redirect the output, or add --show to see the password.',
    });
  }
}

async function textOf(form: LoginForm, issued: IssuedLogin): Promise<string> {
  const place = await placeOf(issued);
  const { password, expiresAt } = issued;
  const revealed = { place, password: password.reveal(), ...(expiresAt === undefined ? {} : { expiresAt }) };
  return renderLogin(form, revealed, environmentOf(place));
}

function tell({ user, host, port, database, expiresAt }: IssuedLogin, path: string | undefined, output: Output): void {
  const until = expiresAt === undefined ? '' : `, for new sessions until ${expiresAt.toISOString().slice(11, 19)} UTC`;
  const where = path === undefined ? '' : ` in ${path}`;
  output.line(plainText(`login  ${user} on ${host}:${port}/${database}${where}${until}`));
}

interface Keeping {
  readonly ask: (signal: AbortSignal) => Promise<IssuedLogin>;
  readonly form: LoginForm;
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** Until stopped: the file always holds a login that is good for a new session. It goes with this command. */
async function keepFresh(first: WrittenFile, issued: IssuedLogin, keeping: Keeping): Promise<void> {
  const { ask, form, output, signal } = keeping;
  let file = first;
  const remove = (): void => removeWrittenFile(file);
  const hangUp = new AbortController();
  const onHangUp = (): void => hangUp.abort();
  process.once('exit', remove);
  process.once('SIGHUP', onHangUp);
  const stop = AbortSignal.any([signal, hangUp.signal]);
  try {
    await renewUntil(stop, issued, {
      ask: () => ask(stop),
      onRenewed: async (next) => {
        file = await writeSecretFile(file.path, await textOf(form, next));
      },
      onFailed: (error, times) => {
        if (!(error instanceof ConnectorError) || !error.retryable) throw error;
        if (times === 1) output.line(describeFailure(error).join('\n'));
      },
    });
  } finally {
    process.off('exit', remove);
    process.off('SIGHUP', onHangUp);
    remove();
  }
}
