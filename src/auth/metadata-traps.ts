import { plainLine } from '../core/plain-text.ts';
import { ANSWER_LIMIT_MS, askMetadata, type MetadataAnswer, type NoAnswer } from './metadata-request.ts';
import { SourceFailure } from './source-failure.ts';

const OPTIONS_COMMAND = 'aws ec2 modify-instance-metadata-options --instance-id INSTANCE';

/**
 * The token was asked for and nothing came. What a plain GET gets tells why: the hop limit cuts off answers to the PUT
 * only, so that a container with a limit of 1 sees the one and not the other.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-IMDS-existing-instances.html
 */
export async function explainNoToken(baseUrl: string, token: NoAnswer, signal: AbortSignal): Promise<SourceFailure> {
  const { host } = new URL(baseUrl);
  if (token.nodeCode !== undefined) {
    return new SourceFailure('noMetadata', `${host}: ${token.nodeCode}: there is no instance metadata here`);
  }
  const silence = `${host}: no answer within ${ANSWER_LIMIT_MS} ms`;
  const plain = token.isConnected ? await askMetadata(new URL('/latest/meta-data/', baseUrl), signal, 'GET') : token;
  if ('status' in plain) {
    const version = plain.status === 401 ? ', version 2 is required' : '';
    return new SourceFailure(
      'hopLimit',
      `${silence} to the request for a session token, while a plain GET is answered (HTTP ${plain.status}${version}): ` +
        'the hop limit of the instance is 1, and this is a container on it',
      `Raise the hop limit: ${OPTIONS_COMMAND} --http-put-response-hop-limit 2; or give the container a role of its own ` +
        '(ECS task role, EKS Pod Identity or service account).',
    );
  }
  return token.isConnected
    ? new SourceFailure(
        'noMetadata',
        `${silence}, neither to a request for a session token nor to a plain GET, though it can be connected to`,
        'Look at what stands between here and the metadata service: a network policy, iptables, a proxy.',
      )
    : new SourceFailure(
        'noMetadata',
        `${silence}, not even a connection: this is not EC2, or the way to the metadata service is blocked`,
      );
}

/** The request for a token was answered, with something else. */
export async function explainRefusedToken(
  baseUrl: string,
  status: number,
  signal: AbortSignal,
): Promise<SourceFailure> {
  if (status === 403) {
    return new SourceFailure(
      'metadataDisabled',
      'no session token (HTTP 403): instance metadata is switched off on this instance',
      `Switch it on: ${OPTIONS_COMMAND} --http-endpoint enabled; or choose another identity.`,
    );
  }
  const plain = await askMetadata(new URL('/latest/meta-data/', baseUrl), signal, 'GET');
  const isV1 = 'status' in plain && plain.status === 200;
  return new SourceFailure(
    'notImdsV2',
    `no session token (HTTP ${status})${isV1 ? ', while a plain GET is answered: only version 1 of instance metadata is spoken here' : ''}`,
    `Let the agent reach the instance's own metadata service: something between answers in its place${isV1 ? ' (kube2iam, kiam or an old emulator)' : ''}.`,
  );
}

/** There is a machine and no role for it. `info`: what `iam/info` says of an instance profile. */
export function noRoleAttached({ status, body }: MetadataAnswer): SourceFailure {
  const code = status === 200 ? codeIn(body) : undefined;
  if (code !== undefined && code !== 'Success') {
    return new SourceFailure(
      'instanceProfileBroken',
      `no IAM role is attached to the instance: its instance profile cannot be used (Code ${code})`,
      'Attach an instance profile that exists and holds a role: aws ec2 replace-iam-instance-profile-association.',
    );
  }
  if (code === 'Success') {
    return new SourceFailure(
      'instanceProfileBroken',
      'no IAM role is attached to the instance: its instance profile holds none',
      'Put the role into the instance profile: aws iam add-role-to-instance-profile.',
    );
  }
  return new SourceFailure(
    'noRoleAttached',
    'no IAM role is attached to the instance (HTTP 404)',
    'Attach one: aws ec2 associate-iam-instance-profile --instance-id INSTANCE --iam-instance-profile Name=PROFILE; ' +
      'or choose another identity.',
  );
}

/** The role is attached, and EC2 gets no credentials for it. */
export function explainUnusableRole(role: string, code: string): SourceFailure {
  return new SourceFailure(
    'roleUnusable',
    `there are no credentials for role ${role} (Code ${code})`,
    code === 'AssumeRoleUnauthorizedAccess'
      ? `Let EC2 assume it: the trust policy of ${role} must allow sts:AssumeRole to the service ec2.amazonaws.com. EC2 tries again within minutes.`
      : `See that role ${role} exists and that its trust policy names the service ec2.amazonaws.com; EC2 tries again within minutes.`,
  );
}

function codeIn(body: string): string | undefined {
  try {
    const { Code: code } = Object(JSON.parse(body)) as { readonly Code?: unknown };
    return typeof code === 'string' ? plainLine(code, 80) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
