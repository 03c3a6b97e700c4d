import type { AccessPlan } from '../access/plan.ts';
import { crossesAccounts, ownerCondition, type SourceBucket, type StagingBucket, stagingRequests } from './bucket.ts';
import type { PolicyHolder } from './document.ts';
import type { Drafts, NewStatement } from './drafts.ts';
import { roleHolder, type Starter } from './holders.ts';
import { PAGES } from './pages.ts';

/** One kind of use that a principal makes of the bucket or its key. */
interface Use {
  readonly Sid: string;
  readonly actions: readonly string[];
  readonly on: 'bucket' | 'files' | 'key';
  readonly reason: string;
  readonly page: string;
}

const AGENT_USES: readonly Use[] = [
  {
    Sid: 'StagingBucket',
    actions: ['s3:ListBucket'],
    on: 'bucket',
    reason: 'Finds the bucket (HeadBucket asks for the same right) and lists what a run left, to delete it.',
    page: PAGES.bucketActions,
  },
  {
    Sid: 'StagingFiles',
    actions: ['s3:PutObject', 's3:GetObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
    on: 'files',
    reason: 'Puts the files of a load, fetches those of an unload, and deletes both at the end of the run.',
    page: PAGES.bucketActions,
  },
  {
    Sid: 'StagingKey',
    actions: ['kms:GenerateDataKey', 'kms:Decrypt'],
    on: 'key',
    reason: 'The files are encrypted with this key: a write asks for a data key, a read and a long upload decrypt.',
    page: PAGES.key,
  },
];

const SOURCE_USES: readonly Use[] = [
  {
    Sid: 'SourceBucket',
    actions: ['s3:ListBucket'],
    on: 'bucket',
    reason: 'Lists the files of a folder that is to be loaded.',
    page: PAGES.bucketActions,
  },
  {
    Sid: 'SourceFiles',
    actions: ['s3:GetObject'],
    on: 'files',
    reason: 'The agent reads the files that are to be loaded; Redshift reads what it stages of them.',
    page: PAGES.bucketActions,
  },
];

const COPY_USES: readonly Use[] = [
  {
    Sid: 'CopyBucket',
    actions: ['s3:ListBucket', 's3:GetBucketLocation'],
    on: 'bucket',
    reason: 'COPY and UNLOAD look at the bucket, at what lies under a prefix, and at its region.',
    page: PAGES.copyAccess,
  },
  {
    Sid: 'CopyFiles',
    actions: ['s3:GetObject'],
    on: 'files',
    reason: 'COPY reads the staged files and their manifest.',
    page: PAGES.copyAccess,
  },
  {
    Sid: 'UnloadFiles',
    actions: ['s3:PutObject'],
    on: 'files',
    reason: 'UNLOAD writes the files of a staged read. It needs no right to delete: the agent does that.',
    page: PAGES.copyAccess,
  },
  {
    Sid: 'CopyKey',
    actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
    on: 'key',
    reason: 'COPY decrypts what the agent staged; UNLOAD encrypts with the same key.',
    page: PAGES.key,
  },
];

/** What the agent does with the bucket, as its last role for S3, or as itself where no role is assumed. */
export function addStaging(
  drafts: Drafts,
  plan: AccessPlan,
  starters: readonly Starter[],
  bucket: StagingBucket,
): void {
  for (const user of usersOf(plan, starters)) addUses(drafts, user, bucket, AGENT_USES);
}

/** What the agent does with the buckets that rows are loaded from, as the same role. */
export function addSources(
  drafts: Drafts,
  plan: AccessPlan,
  starters: readonly Starter[],
  sources: readonly SourceBucket[],
): void {
  for (const source of sources) {
    const uses = SOURCE_USES.filter(({ on }) => source.isFolder || on !== 'bucket');
    for (const user of usersOf(plan, starters)) addUses(drafts, user, source, uses);
  }
}

function usersOf({ stagingRoles }: AccessPlan, starters: readonly Starter[]): readonly PolicyHolder[] {
  const hop = stagingRoles.at(-1);
  return hop === undefined ? starters.map(({ holder }) => holder) : [roleHolder(hop.roleArn, hop)];
}

/** What Redshift does with the bucket, as the last role of the COPY chain. */
export function addCopyAccess(drafts: Drafts, role: PolicyHolder, bucket: StagingBucket): void {
  addUses(drafts, role, bucket, COPY_USES);
}

function addUses(drafts: Drafts, principal: PolicyHolder, bucket: StagingBucket, uses: readonly Use[]): void {
  const { key } = bucket;
  for (const use of uses) {
    if (use.on === 'key') {
      if (key !== undefined) addKeyUse(drafts, principal, bucket, key, use);
      continue;
    }
    const resource = use.on === 'bucket' ? bucket.holder.arn : bucket.filesArn;
    const sample = use.on === 'bucket' ? bucket.holder.arn : bucket.sampleArn;
    const requests = stagingRequests(principal.arn, bucket, use.actions, sample);
    const base = { ...statementOf(use), Resource: resource, requests };
    drafts.add(principal, 'permissions', { ...base, Condition: ownerCondition(bucket) });
    if (crossesAccounts(principal, bucket.holder)) {
      drafts.add(bucket.holder, 'bucket', acrossAccounts(base, principal));
    }
  }
}

function addKeyUse(
  drafts: Drafts,
  principal: PolicyHolder,
  bucket: StagingBucket,
  key: NonNullable<StagingBucket['key']>,
  use: Use,
): void {
  const requests = stagingRequests(principal.arn, bucket, use.actions, key.holder.arn);
  const base = { ...statementOf(use), Resource: key.holder.arn, requests, Condition: key.condition };
  drafts.add(principal, 'permissions', base);
  if (crossesAccounts(principal, key.holder)) {
    drafts.add(key.holder, 'key', { ...acrossAccounts(base, principal), page: PAGES.keyPolicy });
  }
}

function statementOf({ Sid, actions, reason, page }: Use): Omit<NewStatement, 'requests'> {
  const [only] = actions;
  return { Sid, Action: actions.length === 1 && only !== undefined ? only : actions, reason, page };
}

function acrossAccounts(statement: NewStatement, principal: PolicyHolder): NewStatement {
  return {
    ...statement,
    Principal: { AWS: principal.arn },
    reason: `${statement.reason} ${principal.name} is of account ${principal.account}, so this side has to allow it as well.`,
    page: PAGES.bucketPolicy,
  };
}
