import { type Command, InvalidArgumentError, Option } from 'commander';
import type { GrantsCommand } from './grants.ts';
import type { CommandContext } from './program.ts';

type Action = (...call: unknown[]) => Promise<void>;
type Run = (body: (options: GrantsCommand, context: CommandContext) => Promise<number>) => Action;

/** Declares `roleshift grants`; its work is imported when it is asked for. */
export function addGrantsCommand(program: Command, run: Run, [connection, json]: readonly [Option, Option]): void {
  const list = (text: string): readonly string[] => {
    const parts = text.split(',').map((part) => part.trim());
    if (parts.some((part) => part === '')) throw new InvalidArgumentError('Separate them by commas.');
    return parts;
  };
  program
    .command('grants')
    .summary('print the SQL that lets a database user do some operations')
    .description(
      'Prints the statements that give a database user, group or role exactly the rights for some operations; asks nobody and needs no secret.',
    )
    .addOption(connection)
    .addOption(
      new Option('--operations <list>', 'read, write:insert, write:upsert and so on')
        .makeOptionMandatory()
        .argParser(list),
    )
    .addOption(new Option('--objects <list>', 'tables and views, as schema.name').makeOptionMandatory().argParser(list))
    .addOption(
      new Option('--to <who>', 'user NAME, group NAME or role NAME (default: the user of the connection)').argParser(
        grantee,
      ),
    )
    .addOption(
      new Option(
        '--ledger <when>',
        'who makes the ledger: whoever runs this, the first write, or nobody (default: inAdvance)',
      ).choices(['inAdvance', 'firstWrite', 'off']),
    )
    .addOption(
      new Option('--before <rows>', 'what writes do with the rows that are there').choices([
        'none',
        'deleteAll',
        'truncate',
        'overwrite',
      ]),
    )
    .addOption(new Option('--staged', 'inserts with a reject limit, with a look at duplicates or with --verify'))
    .addOption(new Option('--create-target', 'writes make the table where there is none'))
    .addOption(new Option('--change-target', 'writes add columns, or change them'))
    .addOption(json)
    .addHelpText('after', EXAMPLES)
    .action(run(async (options, context) => (await import('./grants.ts')).grants(options, context)));
}

function grantee(text: string): GrantsCommand['to'] {
  const [, kind = 'user', name] = /^\s*(?:(user|group|role)\s+)?(\S.*?)\s*$/.exec(text) ?? [];
  if (name === undefined || !isKind(kind)) throw new InvalidArgumentError('Write user NAME, group NAME or role NAME.');
  return { kind, name };
}

function isKind(kind: string): kind is 'user' | 'group' | 'role' {
  return ['user', 'group', 'role'].includes(kind);
}

const EXAMPLES = `
Examples:
  roleshift grants -c warehouse.yaml --operations read,write:upsert --objects sales.orders
  roleshift grants -c warehouse.yaml --operations write:insert --objects sales.orders,sales.lines --to "group loaders"
  roleshift grants -c warehouse.yaml --operations read --objects sales.orders | psql`;
