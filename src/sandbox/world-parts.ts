import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { AwsContext } from './aws/endpoint.ts';
import { createWorldClock } from './clock.ts';
import { createFaultBook } from './faults.ts';
import { createAuthorizer } from './iam/authorizer.ts';
import { createIamDirectory, type IamDirectory } from './iam/directory.ts';
import { initialIamState } from './iam/initial-state.ts';
import { organizationMembers } from './iam/organization.ts';
import { createIdentityRegistry } from './iam/registry.ts';
import { createLoginRegistry, type LoginRegistry } from './logins.ts';
import { createTokenFiles, type TokenFiles } from './metadata/token-files.ts';
import { partitionOf } from './partition.ts';
import { createBucketAccess } from './s3/access.ts';
import { createObjectEncryption } from './s3/encryption.ts';
import { createFileStore, type FileStore } from './s3/file-store.ts';
import { createTokenIssuer, type TokenIssuer } from './web-identity.ts';
import { clusterOf } from './workgroups.ts';
import type { World } from './world.ts';
import { createWorldLog, type WorldLog } from './world-log.ts';

/** What a world is made of, before anything listens. */
export interface WorldParts extends AwsContext {
  readonly directory: IamDirectory;
  readonly issuer: TokenIssuer;
  readonly tokens: TokenFiles;
  readonly world: World;
  readonly log: WorldLog;
  readonly logins: LoginRegistry;
  readonly store: FileStore;
  readonly folder: string;
  readonly onError: (error: unknown) => void;
  /** Seconds until a change of IAM is in effect. */
  setPropagation(seconds: number): void;
}

/** `folder` is the world's own. */
export async function createParts(world: World, folder: string): Promise<WorldParts> {
  const clock = createWorldClock({ skewSeconds: world.clockSkewSeconds, lifetimeScale: world.lifetimeScale });
  const log = createWorldLog(clock);
  const partition = partitionOf(world.region);
  let propagation = world.iamPropagationSeconds ?? 0;
  const directory = createIamDirectory(initialIamState(world, partition, new Date(clock.now())), clock, {
    partition,
    propagationSeconds: () => propagation,
  });
  const registry = createIdentityRegistry(directory, clock);
  const authorize = createAuthorizer(registry, clock, organizationMembers(world));
  const onError = (error: unknown): void => {
    log.add({ kind: 'failure', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  };
  const issuer = createTokenIssuer(world.region, clock);
  const tokens = createTokenFiles(join(folder, 'tokens'), issuer, world.instances ?? []);
  const objects = join(folder, 'objects');
  await mkdir(objects, { mode: 0o700 });
  return {
    world,
    folder,
    region: world.region,
    issuer,
    tokens,
    clock,
    log,
    directory,
    registry,
    authorize,
    onError,
    faults: createFaultBook(),
    logins: createLoginRegistry(
      world.accounts.flatMap(({ clusters = [], workgroups = [] }) => [...clusters, ...workgroups.map(clusterOf)]),
      clock,
    ),
    store: createFileStore(
      objects,
      createBucketAccess(world, authorize, directory),
      createObjectEncryption(world, authorize),
      clock,
      onError,
    ),
    setPropagation: (seconds) => {
      if (!(seconds >= 0 && Number.isFinite(seconds))) throw new RangeError('A propagation takes 0 seconds or more');
      propagation = seconds;
    },
  };
}
