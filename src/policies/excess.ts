import type { ActualPolicy } from './actual-policies.ts';
import { decideBy } from './decide.ts';
import { type AccessRequest, listOf, type PlannedDocument, type PolicyStatement, statementsOf } from './document.ts';
import { matchesPattern, matchesResource } from './match-pattern.ts';
import { type ResourceKind, TELLING_ACTIONS } from './telling-actions.ts';

/** Something that exists and the connection does not need, shown by a request that would pass. */
export interface Excess {
  readonly holder: string;
  readonly kind: ActualPolicy['kind'];
  readonly source: string;
  readonly sid?: string;
  /** A request that passes and is not needed. */
  readonly example: Pick<AccessRequest, 'principal' | 'action' | 'resource'>;
  /** In words, where the example alone does not tell. */
  readonly note?: string;
  /** Condition keys that it hangs on; absent where it passes in any case. */
  readonly dependsOn?: readonly string[];
}

const EXAMPLES_EACH = 2;
const STRANGER_ACCOUNT = '999999999999';

/**
 * What the policies of one holder allow beyond the planned document, statement by statement. A statement is tried with
 * requests like the needed ones but for another user, object, role or action; `Deny` and conditions have their say.
 */
export function excessOf(actual: readonly ActualPolicy[], planned: PlannedDocument): readonly Excess[] {
  const documents = actual.map(({ document }) => document);
  const byPrincipal = planned.kind !== 'permissions';
  return actual.flatMap(({ document, source, kind, holder }) =>
    statementsOf(document)
      .filter(({ Effect }) => Effect === 'Allow')
      .flatMap((statement) => {
        const found: Excess[] = [];
        for (const { note, ...request } of candidates(statement, planned)) {
          if (found.length >= EXAMPLES_EACH) break;
          if (decideBy([planned.document], request, { byPrincipal }).verdict !== 'denied') continue;
          // This statement must be what lets it pass, and no Deny beside it may stop it.
          if (decideBy([{ ...document, Statement: statement }], request, { byPrincipal }).verdict === 'denied')
            continue;
          const { verdict, unknownKeys } = decideBy(documents, request, { byPrincipal });
          if (verdict === 'denied') continue;
          const { principal, action, resource } = request;
          found.push({
            holder,
            kind,
            source,
            ...(statement.Sid === undefined ? {} : { sid: statement.Sid }),
            example: { principal, action, resource },
            ...(note === undefined ? {} : { note }),
            ...(verdict === 'undecided' ? { dependsOn: unknownKeys } : {}),
          });
        }
        return found;
      }),
  );
}

type Candidate = AccessRequest & { readonly note?: string };

function candidates(statement: PolicyStatement, planned: PlannedDocument): readonly Candidate[] {
  const needed = planned.statements.flatMap(({ requests }) => requests);
  return planned.kind === 'permissions'
    ? permissionCandidates(statement, planned, needed)
    : principalCandidates(statement, planned, needed);
}

function permissionCandidates(
  statement: PolicyStatement,
  { holder }: PlannedDocument,
  needed: readonly AccessRequest[],
): readonly Candidate[] {
  return actionsOf(statement).flatMap(([action, ...kinds]) => {
    const like = needed.find((request) => request.action === action) ?? needed[0];
    return resourcesOf(statement, kinds, needed).map((resource) => ({
      principal: holder.arn,
      action,
      resource,
      resourceAccount: resource.split(':')[4] || (like?.resourceAccount ?? holder.account),
      context: contextFor(action, resource, like),
    }));
  });
}

/** What a request for another resource carries: the keys that repeat the resource follow it. */
function contextFor(action: string, resource: string, like: AccessRequest | undefined): AccessRequest['context'] {
  const dbUser = /:dbuser:[^/]+\/(.+)$/.exec(resource)?.[1];
  return {
    ...(action === like?.action ? like.context : {}),
    ...(dbUser === undefined ? {} : { 'redshift:DbUser': dbUser }),
  };
}

/** The actions that a statement speaks of: those it names, and for a wildcard the telling ones. */
function actionsOf({ Action, NotAction }: PolicyStatement): ReadonlyArray<readonly [string, ...ResourceKind[]]> {
  const known = (test: (action: string) => boolean) => TELLING_ACTIONS.filter(([action]) => test(action.toLowerCase()));
  const among = (patterns: PolicyStatement['Action'], action: string): boolean =>
    listOf(patterns).some((pattern) => matchesPattern(pattern.toLowerCase(), action) === true);
  if (Action === undefined) return known((action) => !among(NotAction, action));
  return listOf(Action).flatMap((pattern) => {
    const matching = known((action) => matchesPattern(pattern.toLowerCase(), action) === true);
    return matching.length > 0 ? matching : [[pattern.replaceAll('*', 'Anything'), 'any'] as const];
  });
}

/** Resources that the statement covers: those it names, and for a wildcard some that resemble the needed ones. */
function resourcesOf(
  { Resource, NotResource }: PolicyStatement,
  kinds: readonly ResourceKind[],
  needed: readonly AccessRequest[],
): readonly string[] {
  const strange = strangers(kinds, needed);
  const among = (patterns: PolicyStatement['Resource'], resource: string): boolean =>
    listOf(patterns).some((pattern) => matchesResource(pattern, resource, undefined) !== false);
  if (Resource === undefined) return strange.filter((resource) => !among(NotResource, resource));
  const named = listOf(Resource).map((pattern) => pattern.replaceAll('*', 'anything').replaceAll('?', 'x'));
  const usual = needed.map(({ resource }) => resource).filter((resource) => fits(kinds, resource));
  return [...new Set([...strange, ...usual, ...named.filter((resource) => fits(kinds, resource))])].filter((resource) =>
    among(Resource, resource),
  );
}

function fits(kinds: readonly ResourceKind[], resource: string): boolean {
  const [, , service = '', , , ...rest] = resource.split(':');
  const tail = rest.join(':');
  return kinds.some((kind) => {
    switch (kind) {
      case 'any':
        return true;
      case 'object':
        return service === 's3' && tail.includes('/');
      case 'bucket':
        return service === 's3' && !tail.includes('/');
      case 'key':
        return service === 'kms';
      case 'role':
        return tail.startsWith('role/');
      case 'workgroup':
        return tail.startsWith('workgroup/');
      case 'dbuser':
      case 'dbname':
      case 'dbgroup':
      case 'cluster':
        return tail.startsWith(`${kind}:`);
    }
    return kind satisfies never;
  });
}

/** Neighbours of what is needed, nearest first: another user of the cluster, another cluster, another bucket. */
function strangers(kinds: readonly ResourceKind[], needed: readonly AccessRequest[]): readonly string[] {
  const find = (mark: string): string | undefined => needed.find(({ resource }) => resource.includes(mark))?.resource;
  const redshift =
    find(':redshift:') ??
    find(':redshift-serverless:')?.replace(':redshift-serverless:', ':redshift:') ??
    `arn:aws:redshift:us-east-1:${STRANGER_ACCOUNT}:dbuser:warehouse/user`;
  const [arn, partition, , region = '', account = ''] = redshift.split(':');
  const cluster = /:(?:dbuser|dbname|dbgroup|cluster):([^/]+)/.exec(redshift)?.[1] ?? 'warehouse';
  const prefix = `${arn}:${partition}:redshift:${region}:${account}`;
  const role = find(':role/') ?? `arn:${partition}:iam::${account}:role/Role`;
  const roleAccount = role.split(':')[4] ?? account;
  const bucket = (find(':s3:::') ?? `arn:${partition}:s3:::bucket`).split('/')[0] ?? '';
  const database = (kind: string): readonly string[] => [
    `${prefix}:${kind}:${cluster}/somebody_else`,
    `${prefix}:${kind}:another-cluster/somebody`,
  ];
  return kinds.flatMap((kind): readonly string[] => {
    switch (kind) {
      case 'dbuser':
        return [`${prefix}:dbuser:${cluster}/awsuser`, ...database(kind)];
      case 'dbname':
      case 'dbgroup':
        return database(kind);
      case 'cluster':
        return [`${prefix}:cluster:${cluster}`, `${prefix}:cluster:another-cluster`];
      case 'workgroup':
        return [`${prefix.replace(':redshift:', ':redshift-serverless:')}:workgroup/another-workgroup`];
      case 'role':
        return [
          `arn:${partition}:iam::${roleAccount}:role/AnotherRole`,
          `arn:${partition}:iam::${STRANGER_ACCOUNT}:role/AnotherRole`,
        ];
      case 'bucket':
        return [bucket, `arn:${partition}:s3:::another-bucket`];
      case 'object':
        return [`${bucket}/elsewhere/file`, `arn:${partition}:s3:::another-bucket/file`];
      case 'key':
        return [`arn:${partition}:kms:${region}:${account}:key/00000000-0000-0000-0000-000000000000`];
      case 'any':
        return ['*'];
    }
    return kind satisfies never;
  });
}

/** Who else a trust, bucket or key policy lets in, and whether the agreed conditions are demanded. */
function principalCandidates(
  { Principal }: PolicyStatement,
  { holder }: PlannedDocument,
  needed: readonly AccessRequest[],
): readonly Candidate[] {
  const base = needed[0] ?? { resource: holder.arn, resourceAccount: holder.account };
  const partition = holder.arn.split(':')[1] ?? 'aws';
  const named = Principal === undefined ? [] : Principal === '*' ? ['*'] : Object.values(Principal).flatMap(listOf);
  const strangers = named.map((entry) => {
    const account = /^\d{12}$/.test(entry)
      ? entry
      : entry.endsWith(':root')
        ? entry.split(':')[4]
        : entry === '*'
          ? STRANGER_ACCOUNT
          : undefined;
    return account === undefined ? entry : `arn:${partition}:iam::${account}:user/anybody`;
  });
  const actions = needed.length === 0 ? ['sts:AssumeRole'] : [...new Set(needed.map(({ action }) => action))];
  const others = strangers.flatMap((principal) =>
    actions.map((action) => ({ ...base, principal, action, context: needed[0]?.context ?? {} })),
  );
  const unconditional = needed.flatMap((request) =>
    Object.keys(request.context)
      .filter((key) => request.context[key] !== '' && isGuard(key))
      .map((key) => ({
        ...request,
        context: { ...request.context, [key]: 'something-else' },
        note: `passes whatever ${key} says`,
      })),
  );
  return [...others, ...unconditional];
}

/** Keys that a trust policy is asked to insist on. */
const GUARDS = new Set(['sts:ExternalId', 'sts:SourceIdentity', 'aws:SourceArn', 'aws:SourceAccount']);

function isGuard(key: string): boolean {
  return GUARDS.has(key) || key.startsWith('aws:RequestTag/');
}
