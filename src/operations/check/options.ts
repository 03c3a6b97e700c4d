import type { AccessPlan } from '../../access/plan.ts';
import { loginTarget } from './describe-login.ts';
import type { CheckInit } from './report.ts';
import type { CheckTask, Finding } from './tasks.ts';

/** Variables that send AWS calls elsewhere without a word in the connection. */
const REDIRECTING = [
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_STS',
  'AWS_ENDPOINT_URL_IAM',
  'AWS_ENDPOINT_URL_REDSHIFT',
  'AWS_ENDPOINT_URL_REDSHIFT_SERVERLESS',
  'AWS_ENDPOINT_URL_S3',
  'AWS_EC2_METADATA_SERVICE_ENDPOINT',
] as const;

/** What the options mean, and what a person should know of them. */
export function optionsTask(plan: AccessPlan, init: CheckInit): CheckTask {
  return { id: 'options', title: 'Read the options', needs: [], attempt: async () => readPlan(plan, init) };
}

function readPlan(plan: AccessPlan, { notices = [], environment = process.env }: CheckInit): Finding {
  const { login, roles, endpoint } = plan;
  const how =
    login.kind === 'password'
      ? 'stored password'
      : `login by ${roles.map(({ roleArn }) => roleArn.split('/').at(-1)).join(' and then ')}`;
  const where = loginTarget(login) ?? endpoint.host ?? '';
  const ambient = REDIRECTING.filter((name) => environment[name]);
  const warnings = [
    ...new Set([...notices, ...plan.notices]),
    ...(ambient.length === 0 ? [] : [`The environment redirects AWS calls: ${ambient.join(', ')}`]),
  ];
  return {
    evidence: `${how}, ${where}${endpoint.region === undefined ? '' : ` in ${endpoint.region}`}`,
    warning: warnings.length === 0 ? undefined : warnings.join(' '),
  };
}
