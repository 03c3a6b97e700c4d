import type { Command } from 'commander';
import { readFlags, writeFlags } from './flags.ts';
import type { CommandContext } from './program.ts';
import type { ReadCommand } from './read.ts';
import type { WriteCommand } from './write.ts';

type Action = (...call: unknown[]) => Promise<void>;
/** How the program runs a command. */
export type RunCommand = <Options>(
  body: (options: Options, context: CommandContext, ...operands: string[]) => Promise<number>,
) => Action;

/** Declares `roleshift explain read|write`; their work is imported when it is asked for. */
export function addExplainCommand(program: Command, run: RunCommand): void {
  const explain = program
    .command('explain')
    .summary('show what a read or a write would do, without doing it')
    .description(
      'Shows the steps of a read or a write: SQL, files, locks, the way chosen and why, estimates. Reads the catalog only.',
    )
    .addHelpText('after', EXAMPLES);
  readFlags(explain.command('read').summary('what a read with these flags would do'))
    .description(
      'Shows what `roleshift read` would do with the same arguments. No row is fetched, no SQL of yours runs.',
    )
    .action(
      run(async (options: ReadCommand, context, object) =>
        (await import('./explain.ts')).explainRead(options, context, object),
      ),
    );
  writeFlags(explain.command('write').summary('what a write with these flags would do'))
    .description(
      'Shows what `roleshift write` would do with the same arguments. Nothing is written, neither to Redshift nor to S3.',
    )
    .action(
      run(async (options: WriteCommand, context, object, ...files) =>
        (await import('./explain.ts')).explainWrite(options, context, object ?? '', files),
      ),
    );
}

const EXAMPLES = `
Examples:
  roleshift explain read -c warehouse.yaml sales.orders
  roleshift explain write -c warehouse.yaml sales.orders orders.parquet --operation upsert --keys order_id --json`;
