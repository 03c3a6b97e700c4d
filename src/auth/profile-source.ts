import { fromIni } from '@aws-sdk/credential-providers';
import { readRoleArn } from '../access/location.ts';
import type { RoleHop } from '../access/plan.ts';
import { Secret } from '../core/secret.ts';
import type { AwsCredentials } from './access.ts';
import { openRoleAssumer } from './assume-role.ts';
import { callHandler } from './aws-handler.ts';
import { runCredentialProcess } from './credential-process.ts';
import {
  type CredentialSource,
  container,
  fromSdk,
  instance,
  QUIET,
  type SourceContext,
  type SourceCredentials,
  variables,
  webIdentityOf,
} from './identity-sources.ts';
import { type Profile, readProfiles } from './profile-files.ts';
import { SourceFailure } from './source-failure.ts';

/**
 * A profile of the shared AWS files, with what a profile may ask for: keys, a role (with source_profile or
 * credential_source), a web identity token, a process, SSO.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html
 */
export function profileSource(profile: string): CredentialSource {
  return {
    name: `profile ${profile}`,
    absent: () => undefined,
    load: async (context) => {
      const profiles = await readProfiles(context.environment);
      return loadProfile(profile, { ...context, profiles, onTheWay: [] });
    },
  };
}

interface ProfileContext extends SourceContext {
  readonly profiles: ReadonlyMap<string, Profile>;
  /** Profiles that led here. */
  readonly onTheWay: readonly string[];
}

async function loadProfile(name: string, context: ProfileContext): Promise<SourceCredentials> {
  const profile = context.profiles.get(name);
  if (profile === undefined) throw broken('profileMissing', `there is no profile ${name}`, context.onTheWay);
  // A profile may be its own source: its keys then assume its role.
  if (context.onTheWay.at(-1) !== name && context.onTheWay.includes(name)) {
    throw broken('profileBroken', `profile ${name} is a source of itself`, context.onTheWay);
  }
  if (profile.has('role_arn') && context.onTheWay.at(-1) !== name && !profile.has('web_identity_token_file')) {
    return assumeProfileRole(name, profile, context);
  }
  const id = profile.get('aws_access_key_id');
  const key = profile.get('aws_secret_access_key');
  const token = profile.get('aws_session_token');
  if (id !== undefined && key !== undefined) {
    return {
      accessKeyId: id,
      secretAccessKey: new Secret(key),
      ...(token === undefined ? {} : { sessionToken: new Secret(token) }),
    };
  }
  const tokenFile = profile.get('web_identity_token_file');
  if (tokenFile !== undefined) {
    return webIdentityOf(tokenFile, profile.get('role_arn'), profile.get('role_session_name'), context.target);
  }
  const command = profile.get('credential_process');
  if (command !== undefined) return runCredentialProcess(command, context);
  if (profile.has('sso_session') || profile.has('sso_start_url')) return loadBySdk(name, context);
  throw broken('profileBroken', `profile ${name} tells no credentials`, context.onTheWay);
}

/** The role that a profile names, assumed as the profile or the place that it names as its source. */
async function assumeProfileRole(name: string, profile: Profile, context: ProfileContext): Promise<SourceCredentials> {
  const roleArn = profile.get('role_arn') ?? '';
  const role = readRoleArn(roleArn);
  if (role === undefined) throw broken('profileBroken', `role_arn of profile ${name} is not the ARN of a role`, []);
  if (profile.has('mfa_serial')) {
    throw new SourceFailure(
      'profileMfa',
      `profile ${name} asks for a code of an MFA device (mfa_serial), and nobody is here to type it`,
      'Name a profile without mfa_serial: an agent needs an identity that works unattended.',
    );
  }
  const base = await profileBase(name, profile, context);
  const externalId = profile.get('external_id');
  const duration = profile.get('duration_seconds') ?? '3600';
  if (!/^\d{3,5}$/.test(duration)) {
    throw broken('profileBroken', `duration_seconds of profile ${name} is no number of seconds`, []);
  }
  const hop: RoleHop = {
    id: `profile ${name}`,
    roleArn,
    account: role.account,
    sessionName: profile.get('role_session_name') ?? 'roleshift',
    ...(externalId === undefined ? {} : { externalId }),
    durationSeconds: Number(duration),
    chained: base.sessionToken !== undefined,
  };
  const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = await openRoleAssumer(context)(base, hop);
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

/** `credential_source` of a profile: the place that gives the credentials which assume its role. */
const PLACES: ReadonlyMap<string, CredentialSource> = new Map([
  ['Environment', variables],
  ['EcsContainer', container],
  ['Ec2InstanceMetadata', instance],
]);

async function profileBase(name: string, profile: Profile, context: ProfileContext): Promise<AwsCredentials> {
  const sourceProfile = profile.get('source_profile');
  const place = profile.get('credential_source');
  if (sourceProfile !== undefined) {
    const credentials = await loadProfile(sourceProfile, { ...context, onTheWay: [...context.onTheWay, name] });
    return { ...credentials, source: `profile ${sourceProfile}` };
  }
  const source = PLACES.get(place ?? '');
  if (source === undefined) {
    const what =
      place === undefined ? 'neither source_profile nor credential_source' : 'a credential_source that is none';
    throw broken('profileBroken', `profile ${name} names a role and ${what}`, []);
  }
  const absent = source.absent(context.environment);
  if (absent !== undefined) throw broken('profileBroken', `profile ${name} needs ${source.name}: ${absent}`, []);
  return { ...(await source.load(context)), source: source.name };
}

/**
 * What only the SDK knows: a session of IAM Identity Center. Region and endpoint are those of the profile: given those of
 * STS, the SDK would ask them for it, and show them the token of the person.
 */
async function loadBySdk(profile: string, { environment, target }: ProfileContext): Promise<SourceCredentials> {
  const filepath = environment['AWS_SHARED_CREDENTIALS_FILE'];
  const configFilepath = environment['AWS_CONFIG_FILE'];
  return fromSdk(
    await fromIni({
      profile,
      ...(filepath === undefined ? {} : { filepath }),
      ...(configFilepath === undefined ? {} : { configFilepath }),
      ignoreCache: true,
      clientConfig: { requestHandler: callHandler(target) },
      logger: QUIET,
    })(),
  );
}

function broken(trap: 'profileMissing' | 'profileBroken', message: string, onTheWay: readonly string[]): SourceFailure {
  const way = onTheWay.length === 0 ? '' : ` (named by profile ${onTheWay.join(', then ')})`;
  const where = 'AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, or ~/.aws/config and ~/.aws/credentials';
  return new SourceFailure(trap, message + way, `Correct the profile in the AWS files of the agent's user: ${where}.`);
}
