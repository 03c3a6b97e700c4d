import { expect } from 'chai';
import { readRequest } from '../../src/cli/read.ts';

const formOf = (output: string): string | undefined =>
  readRequest({ connection: 'c.yaml', output }, 'sales.orders').destination.format;

describe('The form of what a command reads', () => {
  it('is JSON Lines on standard output and where a name has no ending, and never guessed from an ending', () => {
    for (const output of ['-', 'orders', '/dev/full']) expect(formOf(output), output).to.equal('jsonl');
    // A misspelt ending is refused further on, not written as something else.
    for (const output of ['orders.parqet', 'orders.csv.bz2', 's3://bucket/folder/', 'orders.csv']) {
      expect(formOf(output), output).to.equal(undefined);
    }
  });
});
