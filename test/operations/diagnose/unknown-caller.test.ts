import { tmpdir } from 'node:os';
import { expect } from 'chai';
import { planAccess } from '../../../src/access/plan-access.ts';
import { openAccess } from '../../../src/auth/open-access.ts';
import type { ConnectorError } from '../../../src/core/errors.ts';
import { openRun } from '../../../src/core/run.ts';
import { openDatabase } from '../../../src/db/open-database.ts';
import { resolveOptions } from '../../../src/manifest/resolve.ts';
import { diagnose } from '../../../src/operations/diagnose/diagnose.ts';
import { type CannedAnswer, callerIs, openCannedAws } from '../../auth/canned-aws.ts';

const DENIED: CannedAnswer = { status: 403, code: 'AccessDenied', message: 'Access denied' };

describe('A diagnosis for somebody whom no policy names', () => {
  for (const { title, caller } of [
    { title: 'whom AWS does not tell', caller: DENIED },
    { title: 'who is a federated user', caller: callerIs('arn:aws:sts::111122223333:federated-user/guest') },
    { title: 'who is the account itself', caller: callerIs('arn:aws:iam::111122223333:root') },
  ]) {
    it(`names both sides, with gaps to fill in: one ${title}`, async () => {
      await using aws = await openCannedAws();
      aws.answer('GetCallerIdentity', caller);
      aws.answer('AssumeRole', DENIED);
      const options = resolveOptions({
        host: 'warehouse.abc123.us-gov-west-1.redshift.amazonaws.com',
        region: 'us-gov-west-1',
        database: 'dev',
        authType: 'assumeRole',
        username: 'etl',
        roleArn: 'arn:aws-us-gov:iam::111122223333:role/RedshiftLogin',
        accessKeyId: 'AKIAEXAMPLEEXAMPLE00',
        secretAccessKey: 'canary-secret',
        stsEndpoint: aws.url,
        redshiftEndpoint: aws.url,
      });
      await using access = openAccess(planAccess(options), { environment: {} });
      await using database = openDatabase(access, options);
      const run = openRun();
      const error: unknown = await access.login(run).catch((failure: unknown) => failure);
      const connection = { options, access, database, workDirectory: tmpdir() };
      const found = (await diagnose(connection, { error: error as ConnectorError }, run))!;
      expect(found.decided).to.equal(false);
      expect(found.candidates.map(({ sid }) => sid)).to.deep.equal(['TrustAgentUser', 'AssumeRedshiftRole']);
      expect(found.candidates[0]!.console).to.match(/^https:\/\/console\.amazonaws-us-gov\.com\//);
      expect(found.candidates[1]!.command).to.include("--user-name '<AGENT_USER>'");
      // The stand-in's credentials go nowhere else: IAM itself was not asked.
      expect(aws.calls.map(({ action }) => action)).to.not.include('GetRole');
    });
  }
});
