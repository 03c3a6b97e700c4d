import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';

/** What is asked of a run of the benchmark. */
export interface Flags {
  /** Rows of the flights table. */
  readonly rows: number;
  /** Rows of the wide table. */
  readonly wideRows: number;
  /** Rows that peers get: they hold all of them in memory. */
  readonly peerRows: number;
  /** Rows of the large one of the two tables whose peaks are compared. */
  readonly memoryRows: number;
  readonly rounds: number;
  readonly data: readonly string[];
  /** Ids of rows of the table; empty: all but those that must be named. */
  readonly only: readonly string[];
  readonly json: string | undefined;
  readonly work: string;
  /** Writes the table into docs/benchmarks.md. */
  readonly document: boolean;
  /** Where CPU profiles of the agents go, if anywhere. */
  readonly profile: string | undefined;
}

export const USAGE = `npm run bench -- [flags]
  --rows N          rows of the flights table (1000000)
  --wide-rows N     rows of the wide table (a tenth of --rows, and a million at least where --rows has them)
  --peer-rows N     rows of each table for the peers (1000000, or --rows where that is less)
  --memory-rows N   rows of the large table of the memory row (50000000)
  --rounds N        rounds of each comparison (3)
  --data A,B        flights, wide (both)
  --only A,B        rows of the table by name; memory runs only when it is named
  --json FILE       where the figures go (bench/results/<time>.json); rows that the file has and that are not run again stay
  --work FOLDER     where the data goes (the system's temporary folder)
  --document        write the table into docs/benchmarks.md
  --profile FOLDER  writes a CPU profile of each agent there (node --cpu-prof)
  --list            print the names of the rows`;

/** Throws on a flag that there is not. */
export function readFlags(args: readonly string[]): Flags | 'help' | 'list' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '1000000' },
      'wide-rows': { type: 'string' },
      'peer-rows': { type: 'string' },
      'memory-rows': { type: 'string', default: '50000000' },
      rounds: { type: 'string', default: '3' },
      data: { type: 'string', default: 'flights,wide' },
      only: { type: 'string', default: '' },
      json: { type: 'string' },
      work: { type: 'string', default: tmpdir() },
      document: { type: 'boolean', default: false },
      profile: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  if (values.list) return 'list';
  const rows = count('--rows', values.rows);
  return {
    rows,
    wideRows: count(
      '--wide-rows',
      values['wide-rows'] ?? String(Math.min(rows, Math.max(1_000_000, Math.ceil(rows / 10)))),
    ),
    peerRows: count('--peer-rows', values['peer-rows'] ?? String(Math.min(rows, 1_000_000))),
    memoryRows: count('--memory-rows', values['memory-rows']),
    rounds: count('--rounds', values.rounds),
    data: names(values.data),
    only: names(values.only),
    json: values.json,
    work: values.work,
    document: values.document,
    profile: values.profile,
  };
}

const names = (text: string): string[] => text.split(',').filter((name) => name !== '');

function count(flag: string, text: string): number {
  const number = Number(text.replaceAll('_', ''));
  if (!Number.isInteger(number) || number < 1) throw new RangeError(`${flag} takes a whole number, not ${text}`);
  return number;
}
