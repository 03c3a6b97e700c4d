import type { DownState } from '../cluster.ts';
import { refusalMessage } from '../iam/authorizer.ts';
import type { LoginRegistry } from '../logins.ts';
import { partitionOf } from '../partition.ts';
import type { World, WorldCluster } from '../world.ts';
import { accessDenied, findParameter, type QueryCall, QueryFailure } from './query.ts';
import { isReservedWord } from './reserved-words.ts';

/** A cluster as the Redshift API sees it. */
export interface ClusterRecord {
  readonly cluster: WorldCluster;
  readonly account: string;
  readonly endpoint: { readonly host: string; readonly port: number };
  /** Absent: it is available. */
  readonly state?: () => DownState | 'available';
}

export interface RedshiftDeps {
  readonly world: World;
  readonly logins: LoginRegistry;
  /** Filled as clusters come up. */
  readonly clusters: ReadonlyMap<string, ClusterRecord>;
  /** World time, for `ClusterCreateTime`. */
  readonly createdAt: Date;
}

export const invalidParameter = (message: string): QueryFailure =>
  new QueryFailure('InvalidParameterValue', 400, message);
export const missingParameter = (name: string): QueryFailure =>
  new QueryFailure('MissingParameter', 400, `The request must contain the parameter ${name}.`);
export const clusterNotFound = (name: string): QueryFailure =>
  new QueryFailure('ClusterNotFound', 404, `Cluster ${name} not found.`);

export function refuseAbsent(parameters: ReadonlyMap<string, string>, names: readonly string[]): void {
  const name = findParameter(parameters, names);
  if (name !== undefined) throw invalidParameter(`The sandbox does not imitate the parameter ${name}`);
}

export function readBoolean(value: string | undefined, name: string): boolean {
  const text = (value ?? 'false').toLowerCase();
  if (text !== 'true' && text !== 'false') throw invalidParameter(`${name} must be true or false`);
  return text === 'true';
}

export function checkName(value: string, name: string): string {
  if (!/^[A-Za-z][A-Za-z0-9_+.@-]{0,63}$/.test(value) || isReservedWord(value)) {
    throw invalidParameter(
      `Invalid ${name} name: must begin with a letter, hold letters, digits and _+.@- only, and be no reserved word`,
    );
  }
  return value;
}

/** `arn:PARTITION:redshift:REGION:ACCOUNT` of whoever calls. */
export const arnPrefix = ({ region, principal }: QueryCall): string =>
  `arn:${partitionOf(region)}:redshift:${region}:${principal.account}`;

/** Throws `AccessDenied` in AWS's words when policies do not allow the call. */
export function demand(
  call: QueryCall,
  action: string,
  resource: string,
  context: Readonly<Record<string, string | undefined>> = {},
): void {
  const { principal, region } = call;
  const decision = call.authorize({ principal, action, resource, region, context });
  if (!decision.allowed) throw accessDenied(refusalMessage({ principal, action, resource }, decision));
}

/** Clusters that the caller can see from where it calls. */
export function ownClusters(call: QueryCall, { clusters, world }: RedshiftDeps): readonly ClusterRecord[] {
  return [...clusters.values()].filter(
    ({ account }) => account === call.principal.account && call.region === world.region,
  );
}
