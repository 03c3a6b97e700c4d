import type { AccessPlan } from '../access/plan.ts';
import type { StagingBucket } from './bucket.ts';
import type { PlannedDocument, PolicyHolder } from './document.ts';
import type { PolicyExtras } from './extras.ts';
import type { Starter } from './holders.ts';
import type { RedshiftPlace } from './place.ts';
import { hasPlaceholder } from './placeholders.ts';
import type { SessionPolicyGap } from './session-policies.ts';

/** Characters, blanks left out, that IAM takes: inline policies of a user and of a role, a trust policy, the others. */
const MAX_CHARACTERS = { user: 2048, role: 10_240, trust: 2048, identity: 2048, bucket: 20_480, key: 32_768 } as const;

/** What the documents alone do not say. */
export function policyNotes(
  plan: AccessPlan,
  documents: readonly PlannedDocument[],
  found: {
    readonly starters: readonly Starter[];
    readonly copyRoles: readonly PolicyHolder[];
    readonly bucket: StagingBucket | undefined;
    readonly extras: PolicyExtras;
    readonly sessionGaps: readonly SessionPolicyGap[];
    readonly place: RedshiftPlace;
  },
): readonly string[] {
  const { starters, copyRoles, bucket, extras, sessionGaps, place } = found;
  return [
    ...starters.flatMap((starter) => crossingNotes(plan, starter)),
    ...starters
      .filter(({ machine, holder }) => machine !== undefined && holder.kind === 'role')
      .map(
        ({ holder }) => `${holder.name} needs nothing on Redshift itself, and should have nothing: it assumes a role.`,
      ),
    ...(bucket !== undefined && copyRoles.length > 0 && extras.copyForUserOnly !== true
      ? ['Every database user may COPY and UNLOAD as an attached role. Keep it for one user with --copy-for-user-only.']
      : []),
    ...(bucket !== undefined && hasPlaceholder(bucket.owner)
      ? [
          'The owner of the staging bucket is not known: where it is another account than that of a role below, the bucket needs a policy too. Set stagingBucketOwner.',
        ]
      : []),
    ...keyNotes(bucket),
    ...loginNotes(plan, place),
    ...sessionGaps.map(gapNote),
    ...(extras.copyForUserOnly === true && copyRoles.length > 0 && place.user.startsWith('IAMR:')
      ? [
          `AWS's page on COPY roles for single users shows no user that follows from a role, such as ${place.user}. Look whether roleshift check passes COPY before you rely on it.`,
        ]
      : []),
    ...documents.flatMap(sizeNotes),
  ];
}

function crossingNotes({ roles, stagingRoles }: AccessPlan, { holder }: Starter): readonly string[] {
  return [roles, stagingRoles]
    .flatMap((hops) => {
      let account = holder.account;
      return hops.flatMap((hop) => {
        const crosses = account !== hop.account && !hasPlaceholder(account);
        const note = `${hop.roleArn} is assumed from account ${account} without an external id. Where that account is not your own, agree on one and set externalId.`;
        account = hop.account;
        return crosses && hop.externalId === undefined ? [note] : [];
      });
    })
    .filter((note, index, all) => all.indexOf(note) === index);
}

function loginNotes({ login, roles }: AccessPlan, { user }: RedshiftPlace): readonly string[] {
  const role = roles.at(-1)?.roleArn;
  switch (login.kind) {
    case 'password':
    case 'clusterCredentials':
      return [];
    case 'clusterCredentialsWithIam':
    case 'serverlessCredentials':
      return [
        `The database user is ${user}: the first login creates it, and it has the rights that are granted to it inside Redshift. A tag RedshiftDbRoles on ${role} (names of database roles joined by colons, such as etl:reader) gives its sessions those roles as well.`,
      ];
  }
  return login satisfies never;
}

function gapNote({ hop, roleArn, requests, sid, verdict }: SessionPolicyGap): string {
  const what = requests.map(({ action, resource }) => `${action} on ${resource}`).join(', ');
  return verdict === 'denied'
    ? `The session policy of ${roleArn} (${hop}) takes away ${what}, which the connection needs: a session may do what the role and the policy both allow. Add the statement ${sid} to it.`
    : `Whether the session policy of ${roleArn} (${hop}) leaves ${what}, only the real request can tell.`;
}

function keyNotes(bucket: StagingBucket | undefined): readonly string[] {
  if (bucket?.key === undefined) return [];
  const { arn } = bucket.key.holder;
  return [
    `The policy of ${arn} has to leave it to IAM who of its account may use the key, as a new key's policy does ("Enable IAM User Permissions"). Otherwise name the roles below there too.`,
  ];
}

function sizeNotes({ kind, holder, document, title }: PlannedDocument): readonly string[] {
  const limit = MAX_CHARACTERS[kind === 'permissions' ? holder.kind : kind];
  const length = JSON.stringify(document).length;
  return length <= limit
    ? []
    : [`${title}: ${length} characters, and IAM takes ${limit} here. Use a managed policy, or split it.`];
}
