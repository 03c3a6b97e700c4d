import { expect } from 'chai';
import { type ConnectionPlanOptions, planConnections } from '../../src/db/connection-plan.ts';

const DEFAULTS: ConnectionPlanOptions = {
  applicationName: 'roleshift',
  sideSession: true,
  connectTimeoutSeconds: 10,
  defaultSchema: 'public',
  idleSessionSeconds: 300,
  keepaliveSeconds: 30,
  maxSessions: 10,
  statementTimeoutSeconds: 0,
};

describe('planConnections', () => {
  const openingOf = (options: Partial<ConnectionPlanOptions>): string[] =>
    planConnections({ ...DEFAULTS, ...options }).opening.map(({ statement }) => String(statement));

  it('asks for all digits and nothing else by default', () => {
    expect(openingOf({})).to.deep.equal(['SET extra_float_digits TO 2']);
  });

  it('sets what the options ask for, the SQL of the user last', () => {
    const connectSql = "set timezone to 'UTC'; select 1;";
    expect(
      openingOf({ statementTimeoutSeconds: 90, queryGroup: "o'clock", defaultSchema: 'Größe "x"', connectSql }),
    ).to.deep.equal([
      'SET extra_float_digits TO 2',
      'SET statement_timeout TO 90000',
      "SET query_group TO 'o''clock'",
      'SET search_path TO "Größe ""x""", public',
      connectSql,
    ]);
  });

  it('keeps times in milliseconds', () => {
    expect(planConnections({ ...DEFAULTS, keepaliveSeconds: 0 })).to.include({
      connectTimeoutMs: 10_000,
      keepaliveMs: 0,
      idleMs: 300_000,
      sideSession: true,
      maxSessions: 10,
    });
  });
});
