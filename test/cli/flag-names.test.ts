import { stripVTControlCharacters } from 'node:util';
import { expect } from 'chai';
import { describeFailure } from '../../src/cli/failure.ts';
import { flagOf, withFlags } from '../../src/cli/flag-names.ts';
import { ConnectorError } from '../../src/core/errors.ts';

const shown = (error: ConnectorError): string[] => describeFailure(error).map(stripVTControlCharacters);

describe('A failure on the command line', () => {
  it('names flags where a program has attributes, and leaves options of the connection', () => {
    expect(withFlags('Mend the rows, or raise rejectLimit.')).to.equal('Mend the rows, or raise --reject-limit.');
    expect(withFlags('Set allowInconsistent to true; stagingBucket stays.')).to.equal(
      'Set --allow-inconsistent to true; stagingBucket stays.',
    );
    expect(withFlags('the columns and keys of s3.acceptLoss')).to.equal('the columns and keys of s3.acceptLoss');
    expect([flagOf('keys'), flagOf('stagingBucket')]).to.deep.equal(['--keys', 'stagingBucket']);
  });

  it('says a thing once, though it is an issue as well', () => {
    const issue = { path: 'keys', code: 'X', message: 'No key', action: 'Name columns.' };
    expect(
      shown(new ConnectorError('RS_CONFIG_INVALID', 'No key', { action: 'Name columns.', issues: [issue] })),
    ).to.deep.equal(['RS_CONFIG_INVALID  No key', '  -> Name columns.']);
    expect(shown(new ConnectorError('RS_CONFIG_INVALID', 'Two things', { issues: [issue, issue] }))).to.have.length(5);
  });
});
