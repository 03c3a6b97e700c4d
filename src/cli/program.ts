import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { addCheckCommand } from './check-command.ts';
import { addExplainCommand } from './explain-command.ts';
import { exitStatusOf, printFailure } from './failure.ts';
import { addAttributes, connection, json, readFlags, writeFlags } from './flags.ts';
import { addGrantsCommand } from './grants-command.ts';
import { addLoginCommands } from './login-command.ts';
import { addPoliciesCommand } from './policies-command.ts';
import { reportOption } from './report-option.ts';

/** What every command gets: whether to speak JSON, and when to stop. */
export interface CommandContext {
  readonly json: boolean;
  readonly signal: AbortSignal;
}

const FOOTER = `
Exit status: 0 done, 2 configuration, 3 access, 4 try again, 5 data, 6 unsupported, 70 our fault, 130 stopped,
141 nobody reads the output any more.
Secrets never belong on the command line: write \${env:NAME} or \${file:path} in the connection file.`;

/** Runs one command line and gives its exit status; nothing here imports AWS, the driver or DuckDB. */
export async function runProgram(args: readonly string[], signal: AbortSignal): Promise<number> {
  let status = 0;
  // commander calls an action with the operands, then the options, then the command itself.
  const run =
    <Options>(body: (options: Options, context: CommandContext, ...operands: string[]) => Promise<number>) =>
    async (...call: unknown[]): Promise<void> => {
      const { json: asJson, ...options } = call.at(-2) as Options & { readonly json?: boolean };
      const context: CommandContext = { json: asJson === true, signal };
      try {
        status = await body(options as Options, context, ...(call.slice(0, -2).flat() as string[]));
      } catch (error) {
        printFailure(error, context);
        status = exitStatusOf(error, signal);
      }
    };

  const program = new Command('roleshift')
    .description(
      'Amazon Redshift by IAM role: check a connection, discover, preview, read, write, call, and log other programs in.',
    )
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .showHelpAfterError('(add --help for the options of this command)')
    .exitOverride()
    .enablePositionalOptions()
    .addHelpText('after', FOOTER);

  addCheckCommand(program, run, [connection(), json()]);

  program
    .command('discover')
    .summary('list schemas, or the objects of one, or the columns of an object')
    .description('Lists schemas; the objects of one (sales); or the columns and keys of an object (sales.orders).')
    .argument('[name]', 'schema, or schema.object')
    .addOption(connection())
    .addOption(json())
    .addHelpText(
      'after',
      '\nExamples:\n  roleshift discover -c warehouse.yaml\n  roleshift discover -c warehouse.yaml sales.orders',
    )
    .action(
      run(async (options: { connection: string }, context, name) =>
        (await import('./discover.ts')).discover(options, context, name),
      ),
    );

  const preview = program
    .command('preview')
    .summary('show the first rows of an object or a query')
    .description('Shows the first rows of a table, a view or a query, values as the database shows them.')
    .argument('[object]', 'schema.object; leave out with --query')
    .addOption(connection());
  addAttributes(preview, 'preview')
    .addOption(json())
    .addHelpText('after', '\nExample:\n  roleshift preview -c warehouse.yaml sales.orders --order-by -order_id -n 5')
    .action(
      run(async (options: import('./preview.ts').PreviewCommand, context, object) =>
        (await import('./preview.ts')).preview(options, context, object),
      ),
    );

  readFlags(program.command('read'))
    .addOption(reportOption())
    .summary('read a table, a view or a query into a file or to standard output')
    .description('Reads a table, a view or a query. Rows go to standard output or a file, exact in either read mode.')
    .addHelpText(
      'after',
      `
Examples:
  roleshift read -c warehouse.yaml sales.orders --format csv -o orders.csv
  roleshift read -c warehouse.yaml -q "select * from sales.orders where day = current_date" --mode staged`,
    )
    .action(
      run(async (options: import('./read.ts').ReadCommand, context, object) =>
        (await import('./read.ts')).read(options, context, object),
      ),
    );

  const call = program
    .command('call')
    .summary('call a stored procedure')
    .description('Calls a stored procedure, found by the types of its arguments, and shows its outputs and cursors.')
    .argument('<procedure>', 'schema.procedure')
    .addOption(connection());
  addAttributes(call, 'call')
    .addOption(reportOption())
    .addOption(json())
    .addHelpText(
      'after',
      `
Examples:
  roleshift call -c warehouse.yaml sales.close_day --arguments '["2026-11-24"]'
  roleshift call -c warehouse.yaml sales.listing --arguments '[{"value": 5, "type": "integer"}, null]' -n 20`,
    )
    .action(
      run(async (options: import('./call.ts').CallCommand, context, procedure) =>
        (await import('./call.ts')).call(options, context, procedure ?? ''),
      ),
    );

  writeFlags(program.command('write'))
    .addOption(reportOption())
    .summary('load files into a table, exactly once')
    .description(
      'Loads Parquet, CSV or JSON Lines files into a table through S3 and COPY, in one transaction, exactly once for a run id.',
    )
    .addHelpText(
      'after',
      `
Examples:
  roleshift write -c warehouse.yaml sales.orders orders.parquet
  roleshift write -c warehouse.yaml sales.orders monday.csv tuesday.csv.gz --skip-loaded-files
  roleshift write -c warehouse.yaml sales.orders s3://acme-landing/orders/2026-11-24/
  zcat orders.csv.gz | roleshift write -c warehouse.yaml sales.orders - --format csv
  roleshift write -c warehouse.yaml sales.orders fixes.csv --operation upsert --keys order_id --run-id fix-2026-11-24
  roleshift write -c warehouse.yaml sales.orders orders.csv --reject-limit 100 --reject-file rejects.jsonl
  roleshift write -c warehouse.yaml sales.orders --replay rejects.jsonl`,
    )
    .action(
      run(async (options: import('./write.ts').WriteCommand, context, object, ...files) =>
        (await import('./write.ts')).write(options, context, object ?? '', files),
      ),
    );

  addExplainCommand(program, run);

  const janitor = program
    .command('janitor')
    .summary('delete what crashed runs left in the staging bucket')
    .description(
      'Deletes the folders of runs that are gone from the staging bucket, as far as they are ours for certain, and says of each folder why it goes or stays.',
    )
    .addOption(connection());
  addAttributes(janitor, 'janitor')
    .addOption(json())
    .addHelpText(
      'after',
      '\nExamples:\n  roleshift janitor -c warehouse.yaml --dry-run\n  roleshift janitor -c warehouse.yaml --older-than 7d',
    )
    .action(
      run(async (options: import('./janitor.ts').JanitorCommand, context) =>
        (await import('./janitor.ts')).janitor(options, context),
      ),
    );

  addLoginCommands(program, run, connection, json);

  addPoliciesCommand(program, run, [connection(), json()]);

  addGrantsCommand(program, run, [connection(), json()]);

  program
    .command('sandbox')
    .summary('start a local stand-in for AWS and Redshift')
    .description(
      'Starts a local stand-in for STS, IAM, Redshift, S3 and the cluster, until Ctrl-C. Needs no AWS account.',
    )
    .addOption(new Option('--world <file>', 'accounts, roles, clusters, buckets (YAML)'))
    .addOption(
      new Option('--data-dir <folder>', 'keep the data there (default: a temporary folder, removed at the end)'),
    )
    .addOption(
      new Option('--connections <folder>', 'write a ready connection file for each identity there').default(
        'connections',
      ),
    )
    .addOption(new Option('--switches <file>', 'faults, short lifetimes, a wrong clock (YAML), followed while it runs'))
    .addOption(json())
    .addHelpText(
      'after',
      `
Examples:
  roleshift sandbox --connections ./connections
  roleshift sandbox --world my-world.yaml --data-dir ./data

Connections of a machine, container or pod come with variables: set them for one command, as it prints.`,
    )
    .action(
      run(async (options: import('./sandbox.ts').SandboxCommand, context) =>
        (await import('./sandbox.ts')).sandbox(options, context),
      ),
    );

  program
    .command('demo')
    .summary('the whole path on three million real flights, on the sandbox')
    .description(
      'Logs in by role in three ways, loads three million flights, upserts, reads them back, and shows a refusal.',
    )
    .addOption(json())
    .addHelpText('after', '\nExample:\n  roleshift demo')
    .action(run(async (_options: object, context) => (await import('./demo.ts')).demo(context)));

  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : 2; // commander has printed what is wrong
  }
  return status;
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}
