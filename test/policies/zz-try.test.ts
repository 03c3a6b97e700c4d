import { tmpdir } from 'node:os';
import { planAccess } from '/work/main/src/access/plan-access.ts';
import { openAccess } from '/work/main/src/auth/open-access.ts';
import { openRun } from '/work/main/src/core/run.ts';
import { ConnectorError } from '/work/main/src/core/errors.ts';
import { openDatabase } from '/work/main/src/db/open-database.ts';
import { resolveOptions } from '/work/main/src/manifest/resolve.ts';
import { check } from '/work/main/src/operations/check/check.ts';
import { diagnose } from '/work/main/src/operations/diagnose/diagnose.ts';
import { openWorld } from '/work/main/test/harness.ts';
import { AppliedWorld } from '/work/main/test/policies/applied-world.ts';
import { LOGINS, TOPOLOGIES } from '/work/main/test/policies/topologies.ts';
import { variantsOf } from '/work/main/test/policies/variants.ts';

it('tries', async function () {
  this.timeout(600_000);
  const which = process.env.T ? process.env.T.split(',').map(Number) : [0];
  const all = [...TOPOLOGIES, ...LOGINS];
  for (const n of which) {
    const topology = all[n]!;
    const applied = new AppliedWorld();
    const variants = variantsOf(topology, `${n}`, applied).filter(v => !v.dropped?.part);
    const world = await openWorld(applied.world(topology.clusterAccount));
    console.log('## ' + topology.title);
    const cluster = world.clusters['warehouse']!;
    for (const { values, machine, title, dropped } of variants) {
      const options = resolveOptions({ ...values, ...(values.host === undefined ? {} : { host: cluster.host }), port: cluster.port, caFile: cluster.caFile, stsEndpoint: world.awsEndpoint,
        ...(values.authType === 'assumeRole' ? { redshiftEndpoint: world.awsEndpoint } : {}), ...(values.useStaging === true ? { s3Endpoint: world.awsEndpoint } : {}) });
      const environment = machine === undefined ? {} : { AWS_EC2_METADATA_SERVICE_ENDPOINT: world.metadataEndpoints[machine]?.imds ?? '' };
      const access = openAccess(planAccess(options), { environment, clock: world.clock });
      const database = openDatabase(access, options);
      const run = openRun({ clock: world.clock });
      const connection = { options, access, database, workDirectory: tmpdir() };
      const t0 = performance.now();
      const { steps } = await check(connection, { environment: {} }, run);
      const t1 = performance.now();
      const failed = steps.find(({ verdict }) => verdict === 'fail');
      let out = 'green';
      if (failed?.error) {
        const { code, message, details, said } = failed.error;
        const d = await diagnose(connection, { step: failed.id, error: new ConnectorError(code, message, { ...(details ? { details } : {}), cause: new Error(said ?? message) }) }, run);
        const want = `${dropped?.document.holder.name} ${dropped?.document.kind} ${dropped?.sid}`;
        const got = d?.candidates.map(c => `${c.holder.name} ${c.document} ${c.sid}`) ?? [];
        out = `${failed.id}: ${got.includes(want) ? (got.length === 1 ? 'EXACT' : 'AMONG ' + (got.indexOf(want)+1) + '/' + got.length) : 'WRONG'} ${d?.decided} ${got.join(' | ')}` + (got.includes(want) && !process.env.V ? '' : '\n    ' + d?.evidence.join('\n    '));
      }
      console.log(`- ${title}: ${out}  (${Math.round(t1 - t0)} + ${Math.round(performance.now() - t1)} ms)`);
      await database[Symbol.asyncDispose](); await access[Symbol.asyncDispose]();
    }
    await world[Symbol.asyncDispose]();
  }
});
