import type { PrincipalPolicies, ReadPolicy } from '../../auth/iam-reads.ts';
import { listOf, type PolicyStatement, statementsOf } from '../../policies/document.ts';
import { matchesPattern } from '../../policies/match-pattern.ts';
import { readDocument } from '../../policies/read-document.ts';
import type { Connection } from '../connection.ts';
import type { IamGlance } from './iam-glance.ts';
import type { CheckTask, Finding } from './tasks.ts';

/**
 * Whether a policy of the Redshift role lets a session log in only as the user that it is named after, and this connection
 * names it otherwise. Only IAM can tell, so it is a step only of a login for a named user.
 */
export function loginPinTasks({ access }: Connection, glance: IamGlance): readonly CheckTask[] {
  const { login, roles } = access.plan;
  const role = roles.at(-1);
  if (login.kind !== 'clusterCredentials' || role === undefined) return [];
  return [
    {
      id: 'login:pin',
      title: 'The session is named as the policies of the role ask',
      needs: [`role:${role.id}`],
      attempt: async () => {
        const policies = await glance(role.roleArn);
        if (policies?.permissions === undefined)
          return { skipped: 'the policies of the role could not be read in IAM, and need not be' };
        return pinFinding(policies, { username: login.username, sessionName: role.sessionName });
      },
    },
  ];
}

/** Pure. */
export function pinFinding(
  { permissions = [] }: Pick<PrincipalPolicies, 'permissions'>,
  { username, sessionName }: { readonly username: string; readonly sessionName: string },
): Finding {
  const pins = permissions.flatMap((policy) => pinsOf(policy));
  const [broken] = pins.filter(({ pattern }) => !fits(sessionName, pattern.replaceAll(DATABASE_USER, username)));
  if (pins.length === 0) return { evidence: 'no policy ties the database user to the name of the session' };
  if (broken === undefined) return { evidence: `${pins[0]?.policy ?? ''} asks for the session name ${sessionName}` };
  return {
    evidence: `the session is named ${sessionName}, the user is ${username}`,
    warning:
      `Policy ${broken.policy} lets a session log in only as the user it is named after (aws:userid with redshift:DbUser): ` +
      `set roleSessionName to ${username}, or let another statement allow this login`,
  };
}

/** IAM's variable for the user that is asked for. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: it is IAM that fills it in
const DATABASE_USER = '${redshift:DbUser}';

interface Pin {
  readonly policy: string;
  /** What the name of the session must look like; `${redshift:DbUser}` in it stands for the user. */
  readonly pattern: string;
}

function pinsOf({ name, text }: ReadPolicy): readonly Pin[] {
  const document = readDocument(text);
  if (document === undefined) return [];
  return statementsOf(document)
    .filter((statement) => speaksOfLogin(statement))
    .flatMap(({ Condition = {} }) =>
      Object.entries(Condition)
        .filter(([operator]) => /^(?:ForAnyValue:|ForAllValues:)?String(?:Equals|Like)/.test(operator))
        .flatMap(([, keys]) =>
          Object.entries(keys)
            .filter(([key]) => key.toLowerCase() === 'aws:userid')
            .flatMap(([, values]) => listOf(values))
            .filter((value) => value.includes(DATABASE_USER))
            .map((value) => ({ policy: name, pattern: value.replace(/^[^:]*:/, '') })),
        ),
    );
}

function speaksOfLogin({ Effect, Action, NotAction }: PolicyStatement): boolean {
  if (Effect !== 'Allow' || NotAction !== undefined) return false;
  return listOf(Action).some((action) => fits('redshift:getclustercredentials', action.toLowerCase()));
}

function fits(text: string, pattern: string): boolean {
  return matchesPattern(pattern, text) === true;
}
