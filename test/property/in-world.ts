import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { openReadWorld, type ReadWorld } from '../operations/read-world.ts';
import { mayCreateSchemas } from './rows.ts';
import type { Runs } from './runs.ts';

/** Tries random cases in one world, each in a schema of its own name, which the attempt creates. */
export function holdInWorld<T>(
  claim: string,
  runs: Runs,
  cases: number,
  any: fc.Arbitrary<T>,
  attempt: (world: ReadWorld, folder: string, schema: string, one: T) => Promise<void>,
): void {
  let world: ReadWorld;
  let folder: string;
  let tables = 0;
  before(async () => {
    world = await openReadWorld();
    await mayCreateSchemas(world);
    folder = await mkdtemp(join(tmpdir(), 'roleshift-property-'));
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  it(claim, async () => {
    await runs.hold(
      fc.asyncProperty(any, async (one) => {
        tables += 1;
        await attempt(world, folder, `property_${tables}`, one);
      }),
      cases,
    );
  });
}
