import { expect } from 'chai';
import { capabilitiesFrom } from '../../src/db/greeting.ts';

describe('capabilitiesFrom', () => {
  const greeting = {
    backendPid: 1,
    version: 'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2, Redshift 1.0.12345',
    database: 'dev',
    user: 'etl',
  };
  const database = (name: string, isolation: string): Map<string, string> =>
    new Map([
      ['database_name', name],
      ['database_isolation_level', isolation],
    ]);

  it('reads a provisioned cluster with snapshot isolation', () => {
    const databases = [database('other', 'Serializable'), database('dev', 'Snapshot Isolation')];
    const setting = new Map([['enable_case_sensitive_identifier', 'on']]);
    expect(capabilitiesFrom(greeting, 'wh.abc.us-east-1.redshift.amazonaws.com', databases, setting)).to.deep.equal({
      redshiftVersion: '1.0.12345',
      isServerless: false,
      isolation: 'snapshot',
      caseSensitiveNames: true,
      database: 'dev',
      user: 'etl',
    });
  });

  it('knows a serverless workgroup by its host', () => {
    const host = 'wg.111122223333.eu-central-1.redshift-serverless.amazonaws.com';
    expect(capabilitiesFrom(greeting, host, [], undefined)).to.include({ isServerless: true, isolation: 'unknown' });
  });
});
