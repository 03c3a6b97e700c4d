import { tmpdir } from 'node:os';
import { planAccess } from '../../src/access/plan-access.ts';
import type { Access } from '../../src/auth/access.ts';
import { openAccess } from '../../src/auth/open-access.ts';
import { openRun, type Run } from '../../src/core/run.ts';
import type { Database } from '../../src/db/database.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { resolveOptions } from '../../src/manifest/resolve.ts';
import { check } from '../../src/operations/check/check.ts';
import type { CheckStep } from '../../src/operations/check/report.ts';
import type { Connection } from '../../src/operations/connection.ts';
import type { TestWorld } from '../harness.ts';
import type { Variant } from './variants.ts';

/** One way in, opened. Disposal closes it. */
export class Way implements AsyncDisposable {
  readonly connection: Connection;
  readonly run: Run;
  readonly #parts: readonly [Access, Database];

  constructor(world: TestWorld, { values, machine, ends }: Pick<Variant, 'values' | 'machine' | 'ends'>) {
    const cluster = world.clusters[ends]!;
    const byRole = values.authType === 'assumeRole';
    const options = resolveOptions({
      ...values,
      ...(values.host === undefined ? {} : { host: cluster.host }),
      port: cluster.port,
      caFile: cluster.caFile,
      stsEndpoint: world.awsEndpoint,
      iamEndpoint: world.awsEndpoint,
      ...(byRole && ends === 'warehouse' ? { redshiftEndpoint: world.awsEndpoint } : {}),
      ...(byRole && ends === 'lake' ? { redshiftServerlessEndpoint: world.awsEndpoint } : {}),
      ...(values.useStaging === true ? { s3Endpoint: world.awsEndpoint } : {}),
    });
    const environment =
      machine === undefined ? {} : { AWS_EC2_METADATA_SERVICE_ENDPOINT: world.metadataEndpoints[machine]?.imds ?? '' };
    const access = openAccess(planAccess(options), { environment, clock: world.clock });
    const database = openDatabase(access, options);
    this.#parts = [access, database];
    this.connection = { options, access, database, workDirectory: tmpdir() };
    this.run = openRun({ clock: world.clock });
  }

  /** The first step of the check that fails; every hop is among them, COPY and UNLOAD too. */
  async firstFailure(): Promise<CheckStep | undefined> {
    const { steps } = await check(this.connection, { environment: {} }, this.run);
    return steps.find(({ verdict }) => verdict === 'fail');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const [access, database] = this.#parts;
    await database[Symbol.asyncDispose]();
    await access[Symbol.asyncDispose]();
  }
}

/** The first step that fails on the real way, or `the end`. */
export async function walk(world: TestWorld, variant: Pick<Variant, 'values' | 'machine' | 'ends'>): Promise<string> {
  await using way = new Way(world, variant);
  return (await way.firstFailure())?.id ?? 'the end';
}
