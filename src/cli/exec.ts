import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { ConnectorError } from '../core/errors.ts';
import { openRun } from '../core/run.ts';
import { makeRunFolder } from '../core/run-folder.ts';
import { loadConnectionFile } from '../manifest/connection-file.ts';
import type { IssuedLogin } from '../operations/login.ts';
import { openConnection } from './connection.ts';
import { type ChildEnd, runChild } from './exec-child.ts';
import { childEnvironment, type Environment, referencedVariables } from './exec-environment.ts';
import { describeFailure, printFailure } from './failure.ts';
import { writeSecretFile } from './login-file.ts';
import { passwordLine } from './login-forms.ts';
import { environmentOf, type LoginPlace, placeOf, trustedRoots } from './login-place.ts';
import { renewUntil } from './login-renewal.ts';
import { openOutput } from './output.ts';
import type { CommandContext } from './program.ts';

export interface ExecCommand {
  readonly connection: string;
  readonly mode: 'standard' | 'advanced';
  readonly passwordEnv?: boolean;
}

/** What shells answer. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

/**
 * `roleshift exec`: runs a program with the login of a connection, and ends with its status. The login is in a file that the
 * program's libpq reads, kept fresh while it runs and gone afterwards; or, where asked for, in its environment.
 */
export async function exec(
  { connection, mode, passwordEnv = false }: ExecCommand,
  context: CommandContext,
  [command = '', ...args]: readonly string[],
): Promise<number> {
  if (command === '') return statusOf({ notStarted: 'ENOENT' }, command, context);
  using output = openOutput({ ...context, withoutProgress: true });
  const secretNames = referencedVariables(await loadConnectionFile(connection));
  await using redshift = await openConnection(connection, output, { mode });
  const issued = await redshift.login(context);
  const place = await placeOf(issued);
  using folder = await openPrivateFolder(context.signal, output.onEvent);

  const roots = await folder.write('roots.pem', await trustedRoots(issued.tls, process.env));
  const variables = { ...environmentOf(place), PGSSLROOTCERT: roots };
  const passwordFile = passwordEnv ? undefined : await writePassword(folder, place, issued);
  const secret: Environment =
    passwordFile === undefined ? { PGPASSWORD: issued.password.reveal() } : { PGPASSFILE: passwordFile };
  const environment = childEnvironment(process.env, secretNames, { ...variables, ...secret });

  context.signal.throwIfAborted();
  const ended = new AbortController();
  const running = runChild(command, args, environment).finally(() => ended.abort());
  const renewing =
    passwordFile === undefined
      ? Promise.resolve()
      : renewUntil(ended.signal, issued, {
          ask: () => redshift.login(ended),
          onRenewed: async (next) => {
            await writePassword(folder, place, next);
          },
          onFailed: (error, times) => {
            if (times === 1) output.line(describeRenewalFailure(error));
          },
        }).catch((error: unknown) => output.line(describeRenewalFailure(error)));
  const end = await running;
  await renewing;
  return statusOf(end, command, context);
}

interface PrivateFolder extends Disposable {
  write(name: string, content: string): Promise<string>;
}

/** A folder that its owner alone may enter; gone with this process, unless that is killed: then the next one removes it. */
async function openPrivateFolder(
  signal: AbortSignal,
  onEvent: ReturnType<typeof openOutput>['onEvent'],
): Promise<PrivateFolder> {
  const folder = await makeRunFolder(tmpdir(), 'exec', openRun({ signal, onEvent }));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  return {
    write: async (name, content) => (await writeSecretFile(join(folder, name), content)).path,
    [Symbol.dispose]: () => {
      remove();
      process.off('exit', remove);
    },
  };
}

/** The user's name may not change on renewal: the program has it from its environment. */
function writePassword(folder: PrivateFolder, place: LoginPlace, { password }: IssuedLogin): Promise<string> {
  return folder.write('pgpass', passwordLine({ place, password: password.reveal() }, { anyDatabase: true }));
}

function describeRenewalFailure(error: unknown): string {
  return [`${styleText('yellow', 'warning')}  The login could not be renewed`, ...describeFailure(error)].join('\n');
}

function statusOf(end: ChildEnd, command: string, context: CommandContext): number {
  if ('status' in end) return end.status;
  const isAbsent = end.notStarted === 'ENOENT';
  const reason = isAbsent ? 'is not found' : `cannot be run (${end.notStarted})`;
  const error = new ConnectorError('RS_CONFIG_INVALID', `The command ${JSON.stringify(command)} ${reason}`, {
    action: isAbsent ? 'Install it, or write its whole path.' : 'Name a program that you may execute.',
  });
  printFailure(error, context);
  return isAbsent ? NOT_FOUND : NOT_EXECUTABLE;
}
