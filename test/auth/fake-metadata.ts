import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the metadata endpoint of a pretend machine answers; each member may be replaced by a test. */
export interface Machine {
  token: (response: ServerResponse) => void;
  /** A GET without a token. */
  plain: (response: ServerResponse) => void;
  /** `iam/info`: the instance profile. */
  info: (response: ServerResponse) => void;
  role: (response: ServerResponse) => void;
  credentials: (response: ServerResponse, request: IncomingMessage) => void;
  /** Container endpoint. */
  container: (response: ServerResponse, request: IncomingMessage) => void;
}

export interface FakeMetadata extends AsyncDisposable {
  readonly url: string;
  readonly machine: Machine;
  readonly paths: readonly string[];
  /** Back to a machine on which all is well. */
  reset(): void;
}

const TOKEN = 'canary-imds-token';

export function sendText(status: number, body: string): (response: ServerResponse) => void {
  return (response) => response.writeHead(status, { 'content-type': 'text/plain' }).end(body);
}

export function machineKeys(expiration = '2033-01-01T00:00:00Z'): string {
  const keys = { AccessKeyId: 'ASIAMACHINE', SecretAccessKey: 'canary-machine-secret', Token: 'canary-machine-token' };
  return JSON.stringify({ Code: 'Success', Type: 'AWS-HMAC', ...keys, Expiration: expiration });
}

function healthy(): Machine {
  return {
    token: sendText(200, TOKEN),
    plain: sendText(401, 'token required'),
    info: sendText(404, 'not found'),
    role: sendText(200, 'AgentRole'),
    credentials: sendText(200, machineKeys()),
    container: sendText(200, machineKeys()),
  };
}

export async function openFakeMetadata(): Promise<FakeMetadata> {
  const machine = healthy();
  const paths: string[] = [];
  const server = createServer((request, response) => {
    const path = `${request.method} ${request.url}`;
    paths.push(path);
    const hasToken = request.headers['x-aws-ec2-metadata-token'] === TOKEN;
    if (path === 'PUT /latest/api/token') return machine.token(response);
    if (path === 'GET /container') return machine.container(response, request);
    if (!hasToken) return machine.plain(response);
    if (path === 'GET /latest/meta-data/iam/info') return machine.info(response);
    if (path === 'GET /latest/meta-data/iam/security-credentials/') return machine.role(response);
    return machine.credentials(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    machine,
    paths,
    reset: () => {
      Object.assign(machine, healthy());
      paths.length = 0;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
