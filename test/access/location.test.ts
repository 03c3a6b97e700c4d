import { expect } from 'chai';
import { partitionOf, readRoleArn } from '../../src/access/location.ts';

describe('partitionOf', () => {
  for (const [region, partition] of [
    ['eu-central-1', 'aws'],
    ['mx-central-1', 'aws'],
    ['cn-northwest-1', 'aws-cn'],
    ['us-gov-east-1', 'aws-us-gov'],
    ['us-iso-east-1', 'aws-iso'],
    ['us-isob-east-1', 'aws-iso-b'],
    ['eu-isoe-west-1', 'aws-iso-e'],
    ['us-isof-south-1', 'aws-iso-f'],
    ['eusc-de-east-1', 'aws-eusc'],
    [undefined, 'aws'],
  ] as const) {
    it(`is ${partition} for ${region}`, () => expect(partitionOf(region)).to.equal(partition));
  }
});

describe('readRoleArn', () => {
  it('takes the path off the name', () => {
    const role = { partition: 'aws-us-gov', account: '111122223333', name: 'Etl' };
    expect(readRoleArn('arn:aws-us-gov:iam::111122223333:role/team/etl/Etl')).to.deep.equal(role);
    expect(readRoleArn('arn:aws-us-gov:iam::111122223333:role/Etl')).to.deep.equal(role);
  });

  for (const arn of [
    'arn:aws:iam::111122223333:user/Etl',
    'arn:aws:iam::111122223333:role/',
    'arn:aws:iam::111122223333:role/team/',
    'arn:aws:sts::111122223333:assumed-role/Etl/session',
    `arn:aws:iam::111122223333:role/${'a'.repeat(65)}`,
    'arn:aws:iam::1111:role/Etl',
  ]) {
    it(`knows that ${arn.slice(0, 60)} is none`, () => expect(readRoleArn(arn)).to.equal(undefined));
  }
});
