import { type Command, Option } from 'commander';
import { attributeOptions } from './attribute-options.ts';

/** The flag of every command that connects. */
export const connection = (): Option =>
  new Option('-c, --connection <file>', 'connection file (YAML or JSON)').makeOptionMandatory();
/** The flag of every command that has something to tell. */
export const json = (): Option => new Option('--json', 'print one JSON document instead of text');

/** Arguments and flags of a read, and of its explanation. */
export function readFlags(read: Command): Command {
  read.argument('[object]', 'schema.object; leave out with --query').addOption(connection());
  return addAttributes(addAttributes(read, 'read'), 'readToFiles')
    .addOption(
      new Option('-o, --output <file>', 'write to a file or to s3://bucket/folder/, complete or not at all').default(
        '-',
        'standard output',
      ),
    )
    .addOption(new Option('--run-id <id>', 'with --resumable: repeat it to go on where the read broke off'))
    .addOption(json());
}

/** Arguments and flags of a write, and of its explanation. */
export function writeFlags(write: Command): Command {
  write
    .argument('<object>', 'schema.object')
    .argument(
      '[files...]',
      'Parquet, CSV or JSON Lines with the same columns: paths, s3://bucket/key, s3://bucket/folder/, - for standard input; none with --replay',
    )
    .addOption(connection());
  return addAttributes(write, 'write')
    .addOption(
      new Option('--format <format>', 'form of the input (default: by the file name)').choices([
        'parquet',
        'csv',
        'jsonl',
        'arrow',
      ]),
    )
    .addOption(new Option('--replay <file>', 'load the mended rows of a reject file'))
    .addOption(new Option('--run-id <id>', 'repeat it to try the same load again without loading twice'))
    .addOption(json());
}

/** The flags that connector.json's attributes of an operation become. */
export function addAttributes(command: Command, operation: string): Command {
  for (const option of attributeOptions(operation)) command.addOption(option);
  return command;
}
