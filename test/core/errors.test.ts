import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { ConnectorError, ERROR_CODES, EXIT_STATUS } from '../../src/core/errors.ts';

describe('ConnectorError', () => {
  it('carries category and retry from the registry', () => {
    const error = new ConnectorError('RS_THROTTLED', 'Slow down');
    expect(error).to.include({ name: 'ConnectorError', category: 'transient', retryable: true });
  });

  it('freezes its facts and issues', () => {
    const error = new ConnectorError('RS_CONFIG_INVALID', 'Two problems', {
      details: { count: 1 },
      issues: [{ path: 'port', message: 'is not a number', action: 'Give a number.' }],
    });
    expect(Object.isFrozen(error.details)).to.equal(true);
    expect(Object.isFrozen(error.issues)).to.equal(true);
  });

  it('keeps cause, action and stack when it takes on a report', () => {
    const cause = new Error('socket hang up');
    const error = new ConnectorError('RS_CONN_LOST', 'Lost', { action: 'Try again.', cause });
    const copy = error.withReport({ rows: 3 });
    expect(copy).to.include({ code: 'RS_CONN_LOST', action: 'Try again.', cause, stack: error.stack });
    expect(copy.report).to.deep.equal({ rows: 3 });
  });

  it('leaves the cause out of JSON', () => {
    const error = new ConnectorError('RS_CONN_LOST', 'Lost', { cause: new Error('row value 4711') });
    expect(JSON.stringify(error)).not.to.include('4711');
    expect(inspect(error)).to.include('RS_CONN_LOST');
  });

  it('has an exit status for every category', () => {
    for (const { category } of Object.values(ERROR_CODES)) expect(EXIT_STATUS[category]).to.be.greaterThan(0);
  });
});

describe('docs/errors.md', () => {
  const documented = [...readFileSync('docs/errors.md', 'utf8').matchAll(/^\| (RS_\w+) \| (\w+) \|/gm)].map(
    ([, code, category]) => [code, category],
  );

  it('lists every code with its category, and no other', () => {
    const registered = Object.entries(ERROR_CODES).map(([code, { category }]) => [code, category]);
    expect(documented).to.have.deep.members(registered);
  });
});
