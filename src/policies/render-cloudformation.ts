import { byAccount, type HolderDocuments, resourceName } from './accounts.ts';
import type { PlannedDocument } from './document.ts';
import type { PolicySet } from './plan-policies.ts';
import type { PolicyFile } from './render.ts';

/** One template an account. Keys and unknown identities have no resource of their own: the README says what to do. */
export function renderCloudFormation(set: PolicySet, explain: boolean): readonly PolicyFile[] {
  return byAccount(set).flatMap((account) => {
    const resources = Object.fromEntries(account.holders.flatMap((each) => resourcesOf(each, explain)));
    if (Object.keys(resources).length === 0) return [];
    const template = {
      AWSTemplateFormatVersion: '2010-09-09',
      Description: `IAM policies of a roleshift connection, account ${account.account}`,
      Resources: resources,
    };
    return [{ name: `${account.fileName}-template.json`, content: `${JSON.stringify(template, null, 2)}\n` }];
  });
}

type Resource = readonly [name: string, body: Readonly<Record<string, unknown>>];

function resourcesOf({ holder, documents, policyName }: HolderDocuments, explain: boolean): readonly Resource[] {
  const base = resourceName(`${holder.kind} ${holder.name}`, '');
  return documents.flatMap((document): readonly Resource[] => {
    const metadata = explain ? { Metadata: reasons(document) } : {};
    const add = (suffix: string, type: string, properties: object, dependsOn = {}): readonly Resource[] => [
      [`${base}${suffix}`, { Type: type, ...dependsOn, ...metadata, Properties: properties }],
    ];
    if (document.kind === 'trust') {
      return add('', 'AWS::IAM::Role', {
        RoleName: holder.name,
        ...(holder.path === '/' ? {} : { Path: holder.path }),
        ...(holder.maxSessionSeconds === undefined ? {} : { MaxSessionDuration: holder.maxSessionSeconds }),
        AssumeRolePolicyDocument: document.document,
      });
    }
    if (document.kind === 'bucket') {
      return add('Policy', 'AWS::S3::BucketPolicy', { Bucket: holder.name, PolicyDocument: document.document });
    }
    if (document.kind === 'key' || holder.kind === 'identity') return [];
    const inline = { PolicyName: policyName, PolicyDocument: document.document };
    if (holder.kind === 'user') return add('Policy', 'AWS::IAM::UserPolicy', { ...inline, UserName: holder.name });
    const isMade = documents.some(({ kind }) => kind === 'trust');
    return add('Policy', 'AWS::IAM::RolePolicy', { ...inline, RoleName: isMade ? { Ref: base } : holder.name });
  });
}

function reasons({ statements }: PlannedDocument): object {
  return Object.fromEntries(
    statements.map(({ statement, reason, page }) => [statement.Sid, { Reason: reason, Page: page }]),
  );
}
