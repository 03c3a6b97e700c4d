import { plainLine } from '../core/plain-text.ts';
import { Secret } from '../core/secret.ts';
import type { SourceCredentials } from './identity-sources.ts';
import { askMetadata, type MetadataAnswer } from './metadata-request.ts';
import { explainNoToken, explainRefusedToken, explainUnusableRole, noRoleAttached } from './metadata-traps.ts';

const TOKEN_PATH = '/latest/api/token';
const ROLE_PATH = '/latest/meta-data/iam/security-credentials/';

/**
 * The EC2 machine's role, by IMDSv2 only. Ours and not the SDK's: that one hides why the token call failed behind its
 * fallback to version 1, cannot be aborted, and reads its address from this process's environment only.
 * Throws an Error whose message says what was wrong; a `SourceFailure` where it is known what mends it.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
 */
export async function readInstanceRole(baseUrl: string, signal: AbortSignal): Promise<SourceCredentials> {
  const token = await askMetadata(new URL(TOKEN_PATH, baseUrl), signal, 'PUT', {
    'x-aws-ec2-metadata-token-ttl-seconds': '21600',
  });
  if (!('status' in token)) throw await explainNoToken(baseUrl, token, signal);
  if (token.status !== 200) throw await explainRefusedToken(baseUrl, token.status, signal);

  const ask = async (path: string): Promise<MetadataAnswer> => {
    const url = new URL(path, baseUrl);
    const answer = await askMetadata(url, signal, 'GET', { 'x-aws-ec2-metadata-token': token.body });
    if ('status' in answer) return answer;
    throw new Error(`${url.host}: ${answer.nodeCode ?? 'no answer in time, though it gave a session token'}`);
  };
  const names = await ask(ROLE_PATH);
  const role = plainLine(names.body.split('\n', 1)[0]?.trim() ?? '', MAX_NAME);
  if (names.status === 404 || (names.status === 200 && role === '')) throw noRoleAttached(await ask(INFO_PATH));
  if (names.status !== 200) throw new Error(`the role's name was refused (HTTP ${names.status})`);
  const answer = await ask(ROLE_PATH + encodeURIComponent(role));
  if (answer.status !== 200) throw new Error(`the credentials of role ${role} were refused (HTTP ${answer.status})`);
  return readCredentials(answer.body, role);
}

/** The instance profile, and how AWS gets on with it. */
const INFO_PATH = '/latest/meta-data/iam/info';
const MAX_NAME = 80;

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
    throw explainUnusableRole(role, typeof code === 'string' ? plainLine(code, MAX_NAME) : 'absent');
  }
  return {
    accessKeyId: id,
    secretAccessKey: new Secret(key),
    sessionToken: new Secret(token),
    expiresAt: new Date(expiration),
  };
}
