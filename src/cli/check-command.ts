import { type Command, InvalidArgumentError, Option } from 'commander';
import { MANIFEST } from '../manifest/manifest.gen.ts';
import { attributeOptions } from './attribute-options.ts';
import type { CheckCommand } from './check.ts';
import type { CommandContext } from './program.ts';

type Action = (...call: unknown[]) => Promise<void>;
type Run = (body: (options: CheckCommand, context: CommandContext) => Promise<number>) => Action;

/** Declares `roleshift check`; its work is imported when it is asked for. */
export function addCheckCommand(program: Command, run: Run, [connection, json]: readonly [Option, Option]): void {
  const command = program
    .command('check')
    .summary('try every hop from the AWS identity to the database')
    .description(
      'Tries every hop from the AWS identity to the database and says, for each, who, what and until when; of one that fails ' +
        'why, and the statement that mends it.',
    )
    .addOption(connection)
    .addOption(
      new Option('--mode <mode>', "whose way in to try: advanced is that of the worker node's role")
        .choices(Object.keys(MANIFEST.modes))
        .default('standard'),
    );
  for (const option of attributeOptions('check')) command.addOption(option);
  command
    .addOption(new Option('--watch', 'look again at what failed until all is green'))
    .addOption(
      new Option('--timeout <seconds>', 'with --watch: longest time to go on (default: 600 seconds)').argParser(
        seconds,
      ),
    )
    .addOption(json)
    .addHelpText('after', EXAMPLES)
    .action(run(async (options, context) => (await import('./check.ts')).check(options, context)));
}

const EXAMPLES = `
Examples:
  roleshift check -c warehouse.yaml
  roleshift check -c warehouse.yaml --write sales.orders --operation upsert
  roleshift check -c warehouse.yaml --watch --timeout 300     # while an administrator edits the policies
  roleshift check -c warehouse.yaml --only login,staging:*    # and what these need
  roleshift check -c warehouse.yaml --mode advanced           # as the worker node`;

function seconds(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0 && value <= 86_400) return value;
  throw new InvalidArgumentError('It must be a whole number of 1 to 86400 seconds.');
}
