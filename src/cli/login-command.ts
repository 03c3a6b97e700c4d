import { type Command, Option } from 'commander';
import { MANIFEST } from '../manifest/manifest.gen.ts';
import type { ExecCommand } from './exec.ts';
import type { LoginCommand } from './login.ts';
import { LOGIN_FORMS } from './login-forms.ts';
import type { CommandContext } from './program.ts';

type Action = (...call: unknown[]) => Promise<void>;
type Run = <Options>(body: (options: Options, context: CommandContext) => Promise<number>) => Action;

/** Declares `roleshift login` and `roleshift exec`; their work is imported when they are asked for. */
export function addLoginCommands(program: Command, run: Run, connection: () => Option, json: () => Option): void {
  program
    .command('login')
    .summary('the login itself, in the form that another program reads')
    .description(
      'Obtains the login of a connection and gives it in the form that another program reads. A password is printed to a file ' +
        'or a pipe, never to a terminal without --show. To run a program with the login, roleshift exec is the better way.',
    )
    .addOption(connection())
    .addOption(mode())
    .addOption(
      new Option('--format <format>', 'form of the login (default: env; json with --json)').choices(LOGIN_FORMS),
    )
    .addOption(new Option('-o, --output <file>', 'write to a file that its owner alone may read'))
    .addOption(new Option('--replace', 'with --output: replace a file that exists'))
    .addOption(new Option('--keep', 'with --output: keep the file fresh until stopped, then remove it'))
    .addOption(new Option('--show', 'print the password even to a terminal'))
    .addOption(json())
    .addHelpText('after', LOGIN_EXAMPLES)
    .action(run<LoginCommand>(async (options, context) => (await import('./login.ts')).login(options, context)));

  const exec = program
    .command('exec')
    .summary('run psql, or any program, with the login')
    .description(
      'Runs a program with the login of a connection and ends with its status. libpq (psql, pg_dump, psycopg) finds the ' +
        'password in a file that is kept fresh while the program runs and removed afterwards. AWS variables and those that ' +
        'secrets of the connection come from are not passed on.',
    )
    .argument('<command...>', 'the program and its arguments')
    .passThroughOptions()
    .addOption(connection())
    .addOption(mode())
    .addOption(new Option('--password-env', 'for programs that read no password file: PGPASSWORD, never renewed'))
    .addOption(new Option('--json', 'print a failure before the program runs as one JSON document'))
    .addHelpText('after', EXEC_EXAMPLES)
    .action(
      run<ExecCommand>(async (options, context) => (await import('./exec.ts')).exec(options, context, exec.args)),
    );
}

/** On a worker node its own role logs in, as `roleshift check --mode advanced` tries it. */
function mode(): Option {
  return new Option('--mode <mode>', 'whose login: advanced is that of the worker node')
    .choices(Object.keys(MANIFEST.modes))
    .default('standard');
}

const LOGIN_EXAMPLES = `
Forms: env (for eval in a shell), env-no-export (for env files), json, pgpass (a line of libpq's password file), jdbc (Java
properties for Amazon's driver), and without the password: url (libpq), jdbc-url.

Examples:
  eval "$(roleshift login -c warehouse.yaml)"
  roleshift login -c warehouse.yaml --json | jq -r .expiresAt
  roleshift login -c warehouse.yaml --format pgpass -o ~/.redshift.pgpass --keep`;

const EXEC_EXAMPLES = `
Exit status: the program's own; 128 + number when a signal ended it; 126 it cannot be run, 127 it is not found.

Examples:
  roleshift exec -c warehouse.yaml -- psql
  roleshift exec -c warehouse.yaml -- pg_dump --schema-only -n sales
  roleshift exec -c warehouse.yaml --password-env -- node report.mjs`;
