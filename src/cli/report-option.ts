import { Option } from 'commander';

/** A flag of every command that runs something long enough to be reported on. */
export const reportOption = (): Option =>
  new Option(
    '--report <file>',
    'write the run report there as JSON, also when the run fails (schemas/run-report.v1.json)',
  );
