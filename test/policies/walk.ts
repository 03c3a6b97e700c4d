import { tmpdir } from 'node:os';
import { expect } from 'chai';
import { planAccess } from '../../src/access/plan-access.ts';
import { openAccess } from '../../src/auth/open-access.ts';
import { openRun } from '../../src/core/run.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { resolveOptions } from '../../src/manifest/resolve.ts';
import { check } from '../../src/operations/check/check.ts';
import { read } from '../../src/operations/read.ts';
import type { TestWorld } from '../harness.ts';
import type { Variant } from './variants.ts';

/** The first step that fails on the real way: every hop of the check, COPY among them, and an UNLOAD. */
export async function walk(world: TestWorld, { values, machine }: Variant): Promise<string> {
  const cluster = world.clusters['warehouse']!;
  const options = resolveOptions({
    ...values,
    ...(values.host === undefined ? {} : { host: cluster.host }),
    port: cluster.port,
    caFile: cluster.caFile,
    stsEndpoint: world.awsEndpoint,
    ...(values.authType === 'assumeRole' ? { redshiftEndpoint: world.awsEndpoint } : {}),
    ...(values.useStaging === true ? { s3Endpoint: world.awsEndpoint } : {}),
  });
  const environment =
    machine === undefined ? {} : { AWS_EC2_METADATA_SERVICE_ENDPOINT: world.metadataEndpoints[machine]?.imds ?? '' };
  await using access = openAccess(planAccess(options), { environment, clock: world.clock });
  await using database = openDatabase(access, options);
  const connection = { options, access, database, workDirectory: tmpdir() };
  const run = openRun({ clock: world.clock });
  const { steps } = await check(connection, { environment: {} }, run);
  const failed = steps.find(({ verdict }) => verdict === 'fail');
  if (failed !== undefined) return failed.id;
  if (values.useStaging === true) {
    try {
      for await (const batch of read(connection, { query: 'select 1 as n', mode: 'staged' }, run))
        expect(batch.rowCount).to.equal(1);
    } catch {
      return 'unload';
    }
  }
  return 'the end';
}
