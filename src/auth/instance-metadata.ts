import { once } from 'node:events';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { text as readText } from 'node:stream/consumers';
import { Secret } from '../core/secret.ts';
import type { SourceCredentials } from './identity-sources.ts';

const TOKEN_PATH = '/latest/api/token';
const ROLE_PATH = '/latest/meta-data/iam/security-credentials/';
/** Nothing on the link takes longer, and off EC2 nothing answers at all. */
const ANSWER_LIMIT_MS = 1500;

/**
 * The EC2 machine's role, by IMDSv2 only. Ours and not the SDK's: that one hides why the token call failed behind its
 * fallback to version 1, cannot be aborted, and reads its address from this process's environment only.
 * Throws an Error whose message says what was wrong.
 */
export async function readInstanceRole(baseUrl: string, signal: AbortSignal): Promise<SourceCredentials> {
  const token = await ask(new URL(TOKEN_PATH, baseUrl), signal, 'PUT', {
    'x-aws-ec2-metadata-token-ttl-seconds': '21600',
  });
  if (token.status !== 200) {
    throw new Error(`no session token (HTTP ${token.status}): instance metadata is switched off or refused here`);
  }
  const headers = { 'x-aws-ec2-metadata-token': token.body };
  const names = await ask(new URL(ROLE_PATH, baseUrl), signal, 'GET', headers);
  const role = names.body.split('\n', 1)[0]?.trim() ?? '';
  if (names.status === 404 || (names.status === 200 && role === ''))
    throw new Error('no IAM role is attached to the instance');
  if (names.status !== 200) throw new Error(`the role's name was refused (HTTP ${names.status})`);
  const answer = await ask(new URL(ROLE_PATH + encodeURIComponent(role), baseUrl), signal, 'GET', headers);
  if (answer.status !== 200) throw new Error(`the credentials of role ${role} were refused (HTTP ${answer.status})`);
  return readCredentials(answer.body, role);
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function ask(url: URL, signal: AbortSignal, method: string, headers: Record<string, string>): Promise<Answer> {
  const limit = AbortSignal.timeout(ANSWER_LIMIT_MS);
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  // Without an agent: the global one may go by a proxy of the environment, which would answer with its own machine's role.
  const request = send(url, { method, headers, agent: false, signal: AbortSignal.any([signal, limit]) });
  request.on('error', () => undefined); // one that comes after the answer began is met while that is read
  request.end();
  try {
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return { status: response.statusCode ?? 0, body: await readText(response) };
  } catch (cause) {
    signal.throwIfAborted();
    const inContainer = 'in a container the hop limit of the instance must be 2 or more';
    const reason = limit.aborted
      ? `no answer within ${ANSWER_LIMIT_MS} ms (not EC2, or ${inContainer})`
      : networkReason(cause);
    throw new Error(`${url.host}: ${reason}`, { cause });
  }
}

function networkReason(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'cannot be reached';
}

/** IMDS reports some errors with HTTP 200 and another `Code`: only the four fields make it credentials. */
function readCredentials(body: string, role: string): SourceCredentials {
  let fields: Readonly<Record<string, unknown>>;
  try {
    fields = Object(JSON.parse(body));
  } catch (cause) {
    throw new Error(`the credentials of role ${role} are not JSON`, { cause });
  }
  const { AccessKeyId: id, SecretAccessKey: key, Token: token, Expiration: expiration, Code: code } = fields;
  if (
    typeof id !== 'string' ||
    typeof key !== 'string' ||
    typeof token !== 'string' ||
    typeof expiration !== 'string' ||
    Number.isNaN(Date.parse(expiration))
  ) {
    throw new Error(`there are no credentials for role ${role} (Code ${typeof code === 'string' ? code : 'absent'})`);
  }
  return {
    accessKeyId: id,
    secretAccessKey: new Secret(key),
    sessionToken: new Secret(token),
    expiresAt: new Date(expiration),
  };
}
