import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One answer: XML of a success, or AWS's error shape, or anything else as it is. */
export type CannedAnswer =
  | { readonly result: string }
  | { readonly status: number; readonly code: string; readonly message: string }
  | { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> }
  | { readonly silent: true };

export interface CannedCall {
  readonly action: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** Access key that signed it. */
  readonly accessKeyId: string;
}

/** A loopback server that answers AWS Query calls with what a test says, and remembers them. */
export interface CannedAws extends AsyncDisposable {
  readonly url: string;
  readonly host: string;
  readonly calls: readonly CannedCall[];
  /** Answers to an action, in order; the last one stays. */
  answer(action: string, ...answers: readonly CannedAnswer[]): void;
  count(action: string): number;
}

export const USER_ARN = 'arn:aws:iam::111122223333:user/etl-agent';

/** The caller that GetCallerIdentity names. */
export function callerIs(arn: string): CannedAnswer {
  const account = arn.split(':')[4] ?? '';
  return { result: `<Arn>${arn}</Arn><UserId>AIDAEXAMPLE</UserId><Account>${account}</Account>` };
}

/** A session of a role, good until then. */
export function roleSession(expiresAt: Date, name = 'RedshiftLogin', number = 1): CannedAnswer {
  return {
    result:
      `<Credentials><AccessKeyId>ASIA${name}${number}</AccessKeyId><SecretAccessKey>canary-role-secret</SecretAccessKey>` +
      `<SessionToken>canary-role-token</SessionToken><Expiration>${expiresAt.toISOString()}</Expiration></Credentials>` +
      `<AssumedRoleUser><AssumedRoleId>AROA:roleshift</AssumedRoleId>` +
      `<Arn>arn:aws:sts::111122223333:assumed-role/${name}/roleshift</Arn></AssumedRoleUser>`,
  };
}

/** A login, good until then. */
export function clusterLogin(expiresAt: Date, user = 'IAM:etl'): CannedAnswer {
  return {
    result: `<DbUser>${user}</DbUser><DbPassword>canary-db-password</DbPassword><Expiration>${expiresAt.toISOString()}</Expiration>`,
  };
}

/** A login of a serverless workgroup, good until then. */
export function serverlessLogin(expiresAt: Date, user = 'IAMR:RedshiftLogin'): CannedAnswer {
  const answer = { dbUser: user, dbPassword: 'canary-db-password', expiration: expiresAt.getTime() / 1000 };
  return { status: 200, body: JSON.stringify(answer) };
}

function jsonParameters(text: string): ReadonlyMap<string, string> {
  return new Map(Object.entries(JSON.parse(text) as object).map(([key, value]) => [key, String(value)]));
}

export async function openCannedAws(): Promise<CannedAws> {
  const answers = new Map<string, CannedAnswer[]>();
  const calls: CannedCall[] = [];
  const server = createServer((request, response) => void serve(request, response));

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const text = Buffer.concat(parts).toString('utf8');
    // The serverless API speaks JSON 1.1: the action is in a header.
    const target = String(request.headers['x-amz-target'] ?? '').split('.')[1];
    const parameters = target === undefined ? new Map(new URLSearchParams(text)) : jsonParameters(text);
    const action = target ?? parameters.get('Action') ?? '';
    const accessKeyId = /Credential=([^/]+)\//.exec(request.headers.authorization ?? '')?.[1] ?? '';
    calls.push({ action, parameters, accessKeyId });
    const queue = answers.get(action) ?? [];
    const answer = queue.length > 1 ? queue.shift() : queue[0];
    if (answer === undefined || 'silent' in answer) return;
    const { status, body, headers = {} } = rendered(action, answer);
    response
      .writeHead(status, { 'content-type': 'text/xml', 'x-amzn-requestid': 'canned-request', ...headers })
      .end(body);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    calls,
    answer: (action, ...given) => answers.set(action, [...given]),
    count: (action) => calls.filter((call) => call.action === action).length,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function rendered(action: string, answer: Exclude<CannedAnswer, { silent: true }>) {
  if ('body' in answer) return answer;
  const xmlns = /^(GetClusterCredentials(WithIAM)?|DescribeClusters)$/.test(action)
    ? 'http://redshift.amazonaws.com/doc/2012-12-01/'
    : 'https://sts.amazonaws.com/doc/2011-06-15/';
  if ('result' in answer) {
    const body =
      `<${action}Response xmlns="${xmlns}"><${action}Result>${answer.result}</${action}Result>` +
      `<ResponseMetadata><RequestId>canned-request</RequestId></ResponseMetadata></${action}Response>`;
    return { status: 200, body };
  }
  const { status, code, message } = answer;
  const type = status < 500 ? 'Sender' : 'Receiver';
  const body =
    `<ErrorResponse xmlns="${xmlns}"><Error><Type>${type}</Type><Code>${code}</Code><Message>${message}</Message></Error>` +
    `<RequestId>canned-request</RequestId></ErrorResponse>`;
  return { status, body };
}
