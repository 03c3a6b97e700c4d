import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { MetadataAnswer } from './imds.ts';
import type { InstanceCredentials } from './instance-credentials.ts';

export const CONTAINER_PATH = '/v2/credentials';

const json = (status: number, body: Readonly<Record<string, string>>): MetadataAnswer => ({
  action: 'GetCredentials',
  status,
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json' },
});

function isAuthorized(expected: string | undefined, given: string | undefined): boolean {
  if (expected === undefined) return true;
  if (given?.length !== expected.length) return false;
  return timingSafeEqual(Buffer.from(expected), Buffer.from(given));
}

/** The container credentials endpoint of ECS and EKS for one container. */
export function createContainerEndpoint(
  credentials: InstanceCredentials,
  authorizationToken: string | undefined,
): (request: IncomingMessage) => MetadataAnswer {
  return (request) => {
    if (request.method !== 'GET' || request.url?.split('?')[0] !== CONTAINER_PATH) {
      return json(404, { code: 'InvalidRequest', message: 'Not found' });
    }
    if (!isAuthorized(authorizationToken, request.headers.authorization)) {
      return json(401, { code: 'AccessDenied', message: 'The authorization token is missing or wrong' });
    }
    if (credentials.roleArn === undefined) return json(404, { code: 'NoRole', message: 'The container has no role' });
    const current = credentials.current();
    if (!current.allowed) return json(400, { code: current.code, message: current.message });
    return json(200, {
      RoleArn: credentials.roleArn,
      AccessKeyId: current.accessKeyId,
      SecretAccessKey: current.secretAccessKey.reveal(),
      Token: current.sessionToken.reveal(),
      Expiration: current.expiresAt.toISOString().replace('.000Z', 'Z'),
    });
  };
}
