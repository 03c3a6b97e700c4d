import { defined } from '../core/defined.ts';
import type { ConfigIssue } from '../core/errors.ts';
import { type RoleArn, readRoleArn } from './location.ts';
import type { RoleHop, SessionTag } from './plan.ts';

/** The longest session of a role that was assumed from a role: AWS refuses more. */
export const CHAINED_MAX_SECONDS = 3600;

/** A role to assume, before the rules on duration and chaining. */
export interface RoleWish {
  readonly id: string;
  /** The option it came from. */
  readonly path: string;
  readonly roleArn: string;
  readonly externalId?: string | undefined;
  readonly sessionPolicy?: string | undefined;
  readonly sessionTags?: readonly TagWish[] | undefined;
  /** In place of that of the rules. */
  readonly sessionName?: string | undefined;
  readonly durationSeconds?: number | undefined;
  readonly sourceIdentity?: string | undefined;
}

type TagWish = Pick<SessionTag, 'key'> & Partial<SessionTag>;

export interface RoleRules {
  /** The base credentials are known to come from a role. */
  readonly fromRole: boolean;
  readonly durationSeconds: number;
  readonly sessionName: string;
  readonly sourceIdentity?: string | undefined;
  readonly partition: string;
}

/** Says in words why a duration was cut. */
export function chainedNote(askedSeconds: number): string {
  return (
    `Session shortened from ${askedSeconds} s to ${CHAINED_MAX_SECONDS} s: a role that is assumed from a role's ` +
    'session (role chaining) lasts one hour at most.'
  );
}

/**
 * Turns wishes into hops: caps chained ones, sets the source identity once (it travels along from there), and refuses what
 * AWS would refuse on the way: another source identity, or a tag again that an earlier role hands on.
 */
export function planRoles(
  wishes: readonly RoleWish[],
  { fromRole, partition, ...rules }: RoleRules,
): { readonly hops: readonly RoleHop[]; readonly issues: readonly ConfigIssue[] } {
  const issues: ConfigIssue[] = [];
  const handedOn = new Set<string>();
  let identitySet: string | undefined;
  const hops = wishes.flatMap((wish, index): RoleHop[] => {
    const { id, path, roleArn, externalId, sessionPolicy } = wish;
    const place = placeOf(wish, partition);
    if ('message' in place) {
      issues.push(place);
      return [];
    }
    const wished = wish.sourceIdentity ?? (index === 0 ? rules.sourceIdentity : undefined);
    if (identitySet !== undefined && wished !== undefined && wished !== identitySet) issues.push(otherIdentity(path));
    const sourceIdentity = identitySet === undefined ? wished : undefined;
    identitySet ??= wished;
    const tags = planTags(wish, handedOn);
    issues.push(...tags.issues);
    return [
      {
        id,
        roleArn,
        account: place.account,
        sessionName: wish.sessionName ?? rules.sessionName,
        ...defined({ externalId, sourceIdentity, sessionPolicy }),
        ...(tags.sessionTags.length === 0 ? {} : { sessionTags: tags.sessionTags }),
        ...planDuration(wish.durationSeconds ?? rules.durationSeconds, fromRole || index > 0),
      },
    ];
  });
  return { hops, issues };
}

/** Where the role lives, or why it cannot be on this way. */
function placeOf({ path, roleArn }: RoleWish, partition: string): RoleArn | ConfigIssue {
  const role = readRoleArn(roleArn);
  if (role === undefined) {
    const action = 'Give the ARN of an IAM role: arn:aws:iam::123456789012:role/Name.';
    return { path, message: `Not the ARN of an IAM role: ${roleArn}`, action };
  }
  if (role.partition === partition) return role;
  const message = `The role is of AWS partition ${role.partition}, the cluster's region of ${partition}`;
  return { path, message, action: 'Give a role and a region of the same partition.' };
}

function planDuration(asked: number, chained: boolean): Pick<RoleHop, 'durationSeconds' | 'chained' | 'note'> {
  return chained && asked > CHAINED_MAX_SECONDS
    ? { durationSeconds: CHAINED_MAX_SECONDS, chained, note: chainedNote(asked) }
    : { durationSeconds: asked, chained };
}

const MAX_TAGS = 50;

/** The tags of one hop. `handedOn` holds the keys, in lower case, that earlier hops hand on, and gets those of this one. */
function planTags(
  { path, sessionTags = [] }: RoleWish,
  handedOn: Set<string>,
): { readonly sessionTags: readonly SessionTag[]; readonly issues: readonly ConfigIssue[] } {
  const option = path.replace(/roleArn$/, 'sessionTags');
  const issues: ConfigIssue[] = [];
  if (sessionTags.length > MAX_TAGS) {
    const message = `A session has at most ${MAX_TAGS} tags`;
    issues.push({ path: option, message, action: `Leave tags out of ${option}.` });
  }
  const own = new Set<string>();
  for (const { key } of sessionTags) {
    // Keys are compared without regard to case.
    const known = key.toLowerCase();
    if (own.has(known)) {
      issues.push({ path: option, message: `Tag ${key} is there twice`, action: `Remove one of them from ${option}.` });
    } else if (handedOn.has(known)) {
      const message = `Tag ${key} is handed on by an earlier role, and AWS does not let a later one set it again`;
      issues.push({ path: option, message, action: `Remove it from ${option}, or do not make it transitive before.` });
    }
    own.add(known);
  }
  for (const { key, transitive = false } of sessionTags) {
    if (transitive) handedOn.add(key.toLowerCase());
  }
  return {
    sessionTags: sessionTags.map(({ key, value = '', transitive = false }) => ({ key, value, transitive })),
    issues,
  };
}

function otherIdentity(path: string): ConfigIssue {
  return {
    path: path.replace(/roleArn$/, 'sourceIdentity'),
    message: 'An earlier role sets another source identity, and AWS does not let a later one change it',
    action: 'Give the source identity once.',
  };
}
