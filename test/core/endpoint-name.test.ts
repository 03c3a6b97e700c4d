import { expect } from 'chai';
import { readEndpointName } from '../../src/core/endpoint-name.ts';

describe('readEndpointName', () => {
  for (const { title, host, expected } of [
    {
      title: 'a cluster',
      host: 'Warehouse.abc123.eu-central-1.redshift.amazonaws.com',
      expected: { region: 'eu-central-1', isServerless: false, clusterIdentifier: 'warehouse' },
    },
    {
      title: 'a cluster in China',
      host: 'dwh.abc123.cn-north-1.redshift.amazonaws.com.cn',
      expected: { region: 'cn-north-1', isServerless: false, clusterIdentifier: 'dwh' },
    },
    {
      title: 'a serverless workgroup',
      host: 'reports.111122223333.us-east-1.redshift-serverless.amazonaws.com',
      expected: { region: 'us-east-1', isServerless: true, workgroup: 'reports' },
    },
    {
      title: 'a managed VPC endpoint, whose name is its own',
      host: 'mine-endpoint-a1b2.abc123.us-east-1.redshift.amazonaws.com',
      expected: { region: 'us-east-1', isServerless: false },
    },
    { title: 'no other name', host: 'redshift.example.com', expected: undefined },
    { title: 'no name that only ends like one', host: 'x.redshift.amazonaws.com.evil.example', expected: undefined },
  ]) {
    it(`knows ${title}`, () => {
      expect(readEndpointName(host)).to.deep.equal(expected);
    });
  }
});
