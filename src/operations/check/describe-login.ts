import type { LoginHop } from '../../access/plan.ts';

/** Whose login is bought, as the title of its step. */
export function loginTitle(login: LoginHop): string {
  switch (login.kind) {
    case 'password':
      return 'Database login';
    case 'clusterCredentials':
      return `Get a login for ${login.username}`;
    case 'clusterCredentialsWithIam':
      return "Get a login for the role's own user";
    case 'serverlessCredentials':
      return "Get a login to the workgroup for the role's own user";
  }
}

/** What issues the login, or, for a stored password, nothing. */
export function loginTarget(login: LoginHop): string | undefined {
  switch (login.kind) {
    case 'password':
      return undefined;
    case 'clusterCredentials':
    case 'clusterCredentialsWithIam':
      return login.clusterIdentifier === undefined
        ? `custom domain ${login.customDomain ?? ''}`
        : `cluster ${login.clusterIdentifier}`;
    case 'serverlessCredentials':
      return `workgroup ${login.workgroup}`;
  }
}
