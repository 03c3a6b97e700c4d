import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { openReadWorld, type ReadWorld } from '../read-world.ts';

const PACKAGE = new URL('../../../dist/index.js', import.meta.url).href;

/** A host that tells what it kept up to each checkpoint, and then takes its time. */
const HOST = `
  import { connector } from ${JSON.stringify(PACKAGE)};
  const { values, spec } = JSON.parse(process.env.READ_CRASH);
  const redshift = connector.open(values, { workDirectory: process.env.WORK });
  let ids = [];
  for await (const batch of redshift.read(spec)) {
    ids.push(...batch.columns[0]);
    if (batch.checkpoint === undefined) continue;
    console.log(JSON.stringify({ ids, checkpoint: batch.checkpoint }));
    ids = [];
    if (process.env.SLOW) await new Promise((resolve) => setTimeout(resolve, 60_000));
  }
  await redshift[Symbol.asyncDispose]();
`;

interface Kept {
  readonly ids: readonly number[];
  readonly checkpoint: string;
}

describe('a read whose process is killed', () => {
  let world: ReadWorld;

  before(async function () {
    this.timeout(60_000);
    world = await openReadWorld();
    await world.table('flown', 'id INTEGER', 'SELECT n FROM generate_series(1, 3000) AS n');
  });
  after(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  /** Runs the host; `isKilled`: with SIGKILL, as soon as it has kept something. */
  async function host(spec: object, isKilled: boolean): Promise<readonly Kept[]> {
    const values = { ...world.world.connection('keys-etl-agent').values, useStaging: true };
    const env = {
      ...process.env,
      READ_CRASH: JSON.stringify({ values, spec }),
      WORK: world.connection.workDirectory,
      ...(isKilled ? { SLOW: 'yes' } : {}),
    };
    const child = spawn(process.execPath, ['--input-type=module', '--eval', HOST], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const closed = once(child, 'close');
    const kept: Kept[] = [];
    for await (const line of createInterface(child.stdout)) {
      kept.push(JSON.parse(line) as Kept);
      if (isKilled) child.kill('SIGKILL');
    }
    expect(await closed).to.deep.equal(isKilled ? [null, 'SIGKILL'] : [0, null]);
    return kept;
  }

  it('is gone on with by the next process: every row once, one UNLOAD, nothing left', async () => {
    const spec = { object: 'flown', mode: 'staged', resumable: true, runId: 'night-7' };
    const [first] = await host(spec, true);
    expect(await world.leftovers(), 'kept for the next attempt').not.to.deep.equal([]);
    await world.world.sql('UPDATE flown SET id = -id');
    const rest = await host({ ...spec, resumeFrom: first?.checkpoint }, false);
    const ids = [...(first?.ids ?? []), ...rest.flatMap((part) => part.ids)].sort((a, b) => a - b);
    expect(ids).to.deep.equal(Array.from({ length: 3000 }, (_, index) => index + 1));
    const unloads = (await world.world.statements()).filter(({ text }) => text?.startsWith('UNLOAD'));
    expect(unloads).to.have.length(1);
    expect(await world.leftovers()).to.deep.equal([]);
  });
});
