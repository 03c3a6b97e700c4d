import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { WorldClock } from '../clock.ts';
import { partitionOf } from '../partition.ts';
import type { InstanceCredentials } from './instance-credentials.ts';

export interface MetadataAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Name for faults and the log. */
  readonly action: string;
}

const TOKEN_HEADER = 'x-aws-ec2-metadata-token';
const TTL_HEADER = 'x-aws-ec2-metadata-token-ttl-seconds';
const MAX_TTL_SECONDS = 21_600;
const MAX_TOKENS = 1000;

const iso = (date: Date): string => date.toISOString().replace(/\.\d{3}Z$/, 'Z');
const plain = (action: string, status: number, body: string): MetadataAnswer => ({ action, status, body });

function credentialsJson(credentials: InstanceCredentials): string {
  const current = credentials.current();
  if (!current.allowed) return JSON.stringify({ Code: current.code, Message: current.message }, null, 2);
  return JSON.stringify(
    {
      Code: 'Success',
      LastUpdated: iso(current.issuedAt),
      Type: 'AWS-HMAC',
      AccessKeyId: current.accessKeyId,
      SecretAccessKey: current.secretAccessKey.reveal(),
      Token: current.sessionToken.reveal(),
      Expiration: iso(current.expiresAt),
    },
    null,
    2,
  );
}

/** The EC2 instance metadata service of one machine: version 2, and version 1 only where the world allows it. */
export function createImds(
  credentials: InstanceCredentials,
  options: { readonly allowV1: boolean; readonly region: string; readonly account: string; readonly clock: WorldClock },
): (request: IncomingMessage) => MetadataAnswer {
  const { allowV1, region, account, clock } = options;
  const tokens = new Map<string, number>();
  const { roleName, roleArn, id } = credentials;

  const issueToken = (request: IncomingMessage): MetadataAnswer => {
    if (request.headers['x-forwarded-for'] !== undefined) return plain('Token', 403, 'Forbidden');
    const ttl = Number(request.headers[TTL_HEADER] ?? Number.NaN);
    if (!Number.isInteger(ttl) || ttl < 1 || ttl > MAX_TTL_SECONDS) return plain('Token', 400, 'Bad Request');
    const oldest = tokens.keys().next().value;
    if (tokens.size >= MAX_TOKENS && oldest !== undefined) tokens.delete(oldest);
    const token = randomBytes(40).toString('base64url');
    tokens.set(token, clock.now() + ttl * 1000);
    return { action: 'Token', status: 200, body: token, headers: { [TTL_HEADER]: String(ttl) } };
  };

  const documents: Readonly<Record<string, () => MetadataAnswer>> = {
    '/latest/meta-data/instance-id': () => plain('GetMetadata', 200, id),
    '/latest/meta-data/placement/region': () => plain('GetMetadata', 200, region),
    '/latest/meta-data/placement/availability-zone': () => plain('GetMetadata', 200, `${region}a`),
    '/latest/dynamic/instance-identity/document': () =>
      plain('GetMetadata', 200, JSON.stringify({ accountId: account, instanceId: id, region }, null, 2)),
    ...(roleName !== undefined && {
      '/latest/meta-data/iam/info': () =>
        plain(
          'GetMetadata',
          200,
          JSON.stringify({
            Code: 'Success',
            InstanceProfileArn: `arn:${partitionOf(region)}:iam::${account}:instance-profile/${roleName}`,
            RoleArn: roleArn,
          }),
        ),
      '/latest/meta-data/iam/security-credentials': () => plain('ListRoles', 200, roleName),
      [`/latest/meta-data/iam/security-credentials/${roleName}`]: () =>
        plain('GetCredentials', 200, credentialsJson(credentials)),
    }),
  };

  return (request) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    if (request.method === 'PUT')
      return path === '/latest/api/token' ? issueToken(request) : plain('Token', 403, 'Forbidden');
    if (request.method !== 'GET') return plain('GetMetadata', 405, 'Method Not Allowed');
    const token = request.headers[TOKEN_HEADER];
    const known = typeof token === 'string' && (tokens.get(token) ?? 0) > clock.now();
    if (token === undefined ? !allowV1 : !known) return plain('GetMetadata', 401, 'Unauthorized');
    const document = documents[path.replace(/\/$/, '')];
    return document ? document() : plain('GetMetadata', 404, 'Not Found');
  };
}
