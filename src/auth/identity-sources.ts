import { fromHttp, fromTokenFile } from '@aws-sdk/credential-providers';
import type { AwsTarget } from '../access/plan.ts';
import { defined } from '../core/defined.ts';
import { abandonOnAbort } from '../core/run.ts';
import { Secret } from '../core/secret.ts';
import type { AwsCredentials } from './access.ts';
import type { AwsWire } from './aws-call.ts';
import { callHandler } from './aws-handler.ts';
import { readInstanceRole } from './instance-metadata.ts';

/** Credentials as a source gives them, before AWS was asked whose they are. */
export type SourceCredentials = Pick<AwsCredentials, 'accessKeyId' | 'secretAccessKey' | 'sessionToken' | 'expiresAt'>;

/** Variables as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface SourceContext extends AwsWire {
  readonly environment: Environment;
}

/** One place where credentials may come from. */
export interface CredentialSource {
  /** As evidence and errors call it. */
  readonly name: string;
  /** Why this source is out of the question here; undefined when it is to be tried. */
  absent(environment: Environment): string | undefined;
  /** Asks it. Any throw means it failed; the message of the error says why, without secrets. */
  load(context: SourceContext): Promise<SourceCredentials>;
}

/** Keys in AWS_ACCESS_KEY_ID and its companions. */
export const variables: CredentialSource = {
  name: 'environment variables',
  absent: (environment) =>
    environment['AWS_ACCESS_KEY_ID'] && environment['AWS_SECRET_ACCESS_KEY']
      ? undefined
      : 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set',
  load: async ({ environment }) => {
    const token = environment['AWS_SESSION_TOKEN'];
    return {
      accessKeyId: environment['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: new Secret(environment['AWS_SECRET_ACCESS_KEY'] ?? ''),
      ...(token ? { sessionToken: new Secret(token) } : {}),
      ...defined({ expiresAt: readDate(environment['AWS_CREDENTIAL_EXPIRATION']) }),
    };
  },
};

/** `aws configure export-credentials` and its like say when the keys end. */
function readDate(text: string | undefined): Date | undefined {
  const date = new Date(text ?? '');
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** A file with a web identity token: EKS with a service account (IRSA). */
export const webIdentity: CredentialSource = {
  name: 'web identity token (EKS service account)',
  absent: (environment) =>
    environment['AWS_WEB_IDENTITY_TOKEN_FILE'] && environment['AWS_ROLE_ARN']
      ? undefined
      : 'AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN are not both set',
  load: ({ environment, target }) =>
    webIdentityOf(
      environment['AWS_WEB_IDENTITY_TOKEN_FILE'],
      environment['AWS_ROLE_ARN'],
      environment['AWS_ROLE_SESSION_NAME'],
      target,
    ),
};

/** The session of a role for the token in a file, which is read anew each time: it is replaced from outside. */
export async function webIdentityOf(
  webIdentityTokenFile: string | undefined,
  roleArn: string | undefined,
  roleSessionName: string | undefined,
  target: AwsTarget,
): Promise<SourceCredentials> {
  const names = defined({ webIdentityTokenFile, roleArn, roleSessionName });
  return fromSdk(await fromTokenFile({ ...names, clientConfig: stsConfig(target) })());
}

/** The credentials endpoint of ECS and of EKS Pod Identity. */
export const container: CredentialSource = {
  name: 'container credentials endpoint (ECS, EKS)',
  absent: (environment) =>
    environment['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] || environment['AWS_CONTAINER_CREDENTIALS_FULL_URI']
      ? undefined
      : 'neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set',
  load: async ({ environment }) => {
    const relative = environment['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'];
    const tokenFile = environment['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'];
    return fromSdk(
      await fromHttp({
        ...defined({
          awsContainerCredentialsRelativeUri: relative,
          // Where both are set the relative one wins; giving one of a pair keeps the SDK's warnings off the console.
          awsContainerCredentialsFullUri: relative ? undefined : environment['AWS_CONTAINER_CREDENTIALS_FULL_URI'],
          awsContainerAuthorizationTokenFile: tokenFile,
          awsContainerAuthorizationToken: tokenFile ? undefined : environment['AWS_CONTAINER_AUTHORIZATION_TOKEN'],
        }),
        timeout: 1000, // also its wait between two tries
        maxRetries: 1,
        logger: QUIET,
      })(),
    );
  },
};

/** The instance's role over IMDSv2. */
export const instance: CredentialSource = {
  name: 'EC2 instance metadata (IMDSv2)',
  absent: (environment) =>
    environment['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true'
      ? 'AWS_EC2_METADATA_DISABLED is true'
      : undefined,
  load: ({ environment, signal }) => readInstanceRole(metadataUrl(environment), signal),
};

function metadataUrl(environment: Environment): string {
  const given = environment['AWS_EC2_METADATA_SERVICE_ENDPOINT'];
  if (given) return given;
  const isIpv6 = environment['AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE']?.toLowerCase() === 'ipv6';
  return isIpv6 ? 'http://[fd00:ec2::254]' : 'http://169.254.169.254';
}

/** The machine's role, whichever AWS service the machine belongs to; in the order of AWS's own tools. */
export const MACHINE_SOURCES: readonly CredentialSource[] = [webIdentity, container, instance];

/** Keeps the SDK's words off the console. */
export const QUIET = { debug: ignore, info: ignore, warn: ignore, error: ignore };
function ignore(): void {}

/** For the clients of STS that the SDK makes by itself. */
function stsConfig(target: AwsTarget) {
  const { region, stsEndpoint } = target;
  return { ...defined({ region, endpoint: stsEndpoint }), requestHandler: callHandler(target) };
}

interface SdkCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** Wraps the secrets of the SDK's form. */
export function fromSdk({ accessKeyId, secretAccessKey, sessionToken, expiration }: SdkCredentials): SourceCredentials {
  return {
    accessKeyId,
    secretAccessKey: new Secret(secretAccessKey),
    ...(sessionToken === undefined ? {} : { sessionToken: new Secret(sessionToken) }),
    ...(expiration === undefined ? {} : { expiresAt: expiration }),
  };
}

/** Asks a source, for no longer than `limitMs`. */
export async function loadBounded(
  source: CredentialSource,
  context: SourceContext,
  limitMs: number,
): Promise<SourceCredentials> {
  const limit = AbortSignal.timeout(limitMs);
  const signal = AbortSignal.any([context.signal, limit]);
  try {
    return await abandonOnAbort(source.load({ ...context, signal }), signal);
  } catch (cause) {
    context.signal.throwIfAborted();
    throw limit.aborted ? new Error(`no answer within ${limitMs / 1000} s`, { cause }) : cause;
  }
}
