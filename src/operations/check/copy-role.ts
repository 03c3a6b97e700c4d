import { type AttachedRoles, type RoleHolderTarget, readAttachedRoles } from '../../auth/attached-roles.ts';
import type { ReadPolicy } from '../../auth/iam-reads.ts';
import { ConnectorError } from '../../core/errors.ts';
import { nearNames } from '../../core/near-names.ts';
import type { Run } from '../../core/run.ts';
import { listOf, type PolicyStatement, statementsOf } from '../../policies/document.ts';
import { roleHolder } from '../../policies/holders.ts';
import { PAGES } from '../../policies/pages.ts';
import { readDocument } from '../../policies/read-document.ts';
import { parseCopyRole } from '../../sql/role.ts';
import type { Connection } from '../connection.ts';
import type { Candidate, Diagnosis } from '../diagnose/diagnosis.ts';
import { commandToAttach, consoleOf } from '../diagnose/mends.ts';
import { isKeptFromOthers, lookAtAssumeRole } from './assume-role-right.ts';
import type { IamGlance } from './iam-glance.ts';
import type { CheckTask, Finding } from './tasks.ts';

/** The role that COPY and UNLOAD act as: attached to the cluster, and for whom. Both are told only where AWS lets us look. */
export function copyRoleTasks(connection: Connection, glance: IamGlance, run: Run): readonly CheckTask[] {
  const { access, options } = connection;
  const { plan } = access;
  if (!options.useStaging) return [];
  const asked = plan.roles.length === 0 ? undefined : targetOf(connection);
  const role = parseCopyRole(options.copyRole ?? 'default');
  const first = role.kind === 'default' ? undefined : role.roleArns[0];
  const lastRole = `role:${plan.roles.at(-1)?.id ?? ''}`;
  let attached: AttachedRoles | undefined;
  const user: CheckTask = {
    id: 'copy-role:user',
    title: 'The database user may use the COPY role',
    needs: ['session'],
    ...(role.kind === 'default' ? { wants: ['copy-role:attached'] } : {}),
    after: ['copy-role:attached', 'rights:schema', 'rights:read', 'rights:write'],
    attempt: async () => {
      const roles = role.kind === 'default' ? attached?.defaultRoleArn : role.roleArns.join(',');
      return roles === undefined
        ? { skipped: 'which role the default is was not to be seen' }
        : lookAtAssumeRole(connection, roles, run);
    },
  };
  if (asked === undefined) return [user];
  return [
    {
      id: 'copy-role:attached',
      title: 'The COPY role is attached',
      needs: [lastRole],
      unless: ['reach:redshift', 'reach:redshift-serverless'],
      attempt: async () => {
        const wire = { target: plan.aws, signal: run.signal, clock: access.clock };
        attached = await readAttachedRoles(await access.role(run), asked, wire);
        if (attached === undefined) return { skipped: `${actionFor(asked)} is not allowed to us, and need not be` };
        return attachedFinding(attached, first, asked, plan.aws);
      },
    },
    user,
    {
      id: 'copy-role:open',
      title: 'The COPY role is kept for whom it is meant',
      needs: [lastRole, 'session'],
      ...(first === undefined ? { wants: ['copy-role:attached'] } : {}),
      after: ['copy-role:user'],
      attempt: async () => {
        const arn = first ?? attached?.defaultRoleArn;
        if (arn === undefined) return { skipped: 'which role the default is was not to be seen' };
        const trust = (await glance(arn))?.trust;
        if (trust === undefined)
          return { skipped: 'the trust policy of the role could not be read in IAM, and need not be' };
        const found = openFinding(trust);
        if (found.warning === undefined || !(await isKeptFromOthers(connection, arn, run))) return found;
        return {
          evidence: 'other database users have no ASSUMEROLE on it; its trust policy names none',
        };
      },
    },
  ];
}

function targetOf({ access, options }: Connection): RoleHolderTarget | undefined {
  const { login } = access.plan;
  if (login.kind === 'serverlessCredentials') return { workgroup: login.workgroup };
  const id = 'clusterIdentifier' in login ? login.clusterIdentifier : options.clusterIdentifier;
  return id === undefined ? undefined : { clusterIdentifier: id };
}

function actionFor(asked: RoleHolderTarget): string {
  return 'workgroup' in asked ? 'redshift-serverless:GetNamespace' : 'redshift:DescribeClusters';
}

/** `wanted`: the first of the roles that COPY names; undefined for `default`. Throws RS_AUTH_ROLE_DENIED with its mend. Pure. */
export function attachedFinding(
  { roles, defaultRoleArn }: AttachedRoles,
  wanted: string | undefined,
  asked: RoleHolderTarget,
  place: { readonly partition: string; readonly region?: string },
): Finding {
  const holder = 'workgroup' in asked ? `The namespace of ${asked.workgroup}` : `Cluster ${asked.clusterIdentifier}`;
  const arn = wanted ?? defaultRoleArn;
  if (arn === undefined) {
    throw new ConnectorError('RS_AUTH_ROLE_DENIED', `${holder} has no default role for COPY and UNLOAD`, {
      action: `Name a role in copyRole (attached: ${listed(roles)}), or make one the default: ${defaultCommand(asked)}`,
      details: { attached: listed(roles) },
    }).withDiagnosis({ decided: true, candidates: [], evidence: [`${actionFor(asked)} names no default role.`] });
  }
  const found = roles.find((role) => role.arn === arn);
  if (found === undefined) {
    const near = roleNear(arn, roles);
    throw new ConnectorError(
      'RS_AUTH_ROLE_DENIED',
      `${holder} does not have the role ${arn} (attached: ${listed(roles)})`,
      {
        action:
          near === undefined ? 'Attach the role to it.' : `Correct copyRole: did you mean ${near}? Or attach the role.`,
        details: { roleArn: arn, attached: listed(roles) },
      },
    ).withDiagnosis(toAttach(arn, asked, place));
  }
  const { status = 'in-sync' } = found;
  return {
    evidence: wanted === undefined ? `${arn}, as the default` : arn,
    warning: status === 'in-sync' ? undefined : `It is ${status}: wait a minute until it is in-sync`,
  };
}

/** The role that was probably meant: one whose name is near. */
function roleNear(wanted: string, roles: AttachedRoles['roles']): string | undefined {
  const nameOf = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);
  const [near] = nearNames(
    nameOf(wanted),
    roles.map(({ arn }) => nameOf(arn)),
  );
  return roles.find(({ arn }) => nameOf(arn) === near)?.arn;
}

function listed(roles: AttachedRoles['roles']): string {
  return roles.length === 0 ? 'none' : roles.map(({ arn }) => arn).join(', ');
}

function defaultCommand(asked: RoleHolderTarget): string {
  return 'workgroup' in asked
    ? 'aws redshift-serverless update-namespace --namespace-name NAMESPACE --default-iam-role-arn ARN'
    : `aws redshift modify-cluster-iam-roles --cluster-identifier ${asked.clusterIdentifier} --default-iam-role-arn ARN`;
}

/** The list that AWS gave leaves no other cause. */
function toAttach(
  arn: string,
  asked: RoleHolderTarget,
  { partition, region }: { readonly partition: string; readonly region?: string },
): Diagnosis {
  const holder = roleHolder(arn);
  const cluster = 'workgroup' in asked ? asked.workgroup : asked.clusterIdentifier;
  const where = region === undefined ? {} : { region };
  const candidate: Candidate = {
    mend: 'attachRole',
    principalArn: 'redshift.amazonaws.com',
    holder,
    document: 'cluster',
    reason: 'COPY and UNLOAD can only name a role that is attached, and this one is not.',
    page: PAGES.copyTrust,
    console: consoleOf(holder, 'cluster', { policyName: '', partition, ...where }),
    command: commandToAttach({ attach: { role: holder, cluster, isServerless: 'workgroup' in asked }, ...where }),
  };
  return {
    decided: true,
    candidates: [candidate],
    evidence: [`${actionFor(asked)} lists the roles that are attached.`],
  };
}

/** Whether a trust policy leaves the role to every database user. Pure. */
export function openFinding({ text }: ReadPolicy): Finding {
  const document = readDocument(text);
  if (document === undefined) return { skipped: 'the trust policy of the role is none that we can read' };
  const forRedshift = statementsOf(document).filter((statement) => trustsRedshift(statement));
  if (forRedshift.length === 0) return { skipped: 'its trust policy does not name Redshift' };
  if (forRedshift.every((statement) => asksForUser(statement))) {
    return { evidence: 'its trust policy asks for the database user (sts:ExternalId)' };
  }
  return {
    warning:
      'The trust policy of the role names no database user: unless ASSUMEROLE was revoked from PUBLIC, of which there is no ' +
      'sign, every user of the cluster may COPY and UNLOAD as it. roleshift policies --copy-for-user-only prints a trust policy that is closer',
  };
}

function trustsRedshift({ Effect, Principal }: PolicyStatement): boolean {
  if (Effect !== 'Allow' || Principal === undefined) return false;
  if (Principal === '*') return true;
  return listOf(Principal['Service']).some((service) => /^redshift(?:-serverless)?\.amazonaws\.com/.test(service));
}

/** https://docs.aws.amazon.com/redshift/latest/mgmt/authorizing-redshift-service-database-users.html */
function asksForUser({ Condition = {} }: PolicyStatement): boolean {
  return Object.values(Condition).some((keys) =>
    Object.keys(keys).some((key) => key.toLowerCase() === 'sts:externalid'),
  );
}
