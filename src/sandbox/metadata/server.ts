import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AwsContext, ConnectionDropped, keepSilent, record, suffer } from '../aws/endpoint.ts';
import { forOwnHost } from '../own-host.ts';
import type { WorldInstance } from '../world.ts';
import { createContainerEndpoint } from './container.ts';
import { createImds, type MetadataAnswer } from './imds.ts';
import { createInstanceCredentials } from './instance-credentials.ts';

const ACCOUNT = /^arn:[\w-]+:iam::(\d{12}):/;

/**
 * The answer to PUT may make so many hops, and a container is one further away: the answer dies on the way, while GET and
 * the connection itself work. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
 */
function isLostOnTheWay({ hopLimit = 2, inContainer = false }: WorldInstance, { method }: IncomingMessage): boolean {
  return method === 'PUT' && inContainer && hopLimit < 2;
}

/** The metadata endpoint of one instance: IMDS or container credentials. */
export function createMetadataServer(
  context: AwsContext,
  instance: WorldInstance,
  region: string,
  onError: (error: unknown) => void,
): Server {
  const credentials = createInstanceCredentials(instance, context);
  const service = instance.kind === 'ec2' ? 'imds' : 'container';
  const account = ACCOUNT.exec(instance.role ?? '')?.[1] ?? '000000000000';
  const respond =
    instance.kind === 'ec2'
      ? createImds(credentials, { allowV1: instance.allowImdsV1 ?? false, region, account, clock: context.clock })
      : createContainerEndpoint(credentials, instance.authorizationToken);

  const answer = async (request: IncomingMessage): Promise<MetadataAnswer> => {
    const normal = respond(request);
    const fault = await suffer(context.faults, `${service}:${normal.action}`, instance.name, request);
    if (fault?.effect.kind === 'drop') throw new ConnectionDropped(normal.action);
    if (fault?.effect.kind === 'throttle') return { ...normal, status: 429, body: 'Too Many Requests' };
    if (fault?.effect.kind === 'error')
      return { ...normal, status: fault.effect.status ?? 500, body: fault.effect.message ?? 'Error' };
    return normal;
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      if (service === 'imds' && isLostOnTheWay(instance, request)) {
        await keepSilent(request.socket);
        throw new ConnectionDropped('Token');
      }
      const { action, status, body, headers } = await answer(request);
      record(context.log, {
        service,
        action,
        principal: instance.name,
        resource: credentials.roleArn ?? '*',
        allowed: status < 400,
        status,
      });
      response.writeHead(status, { 'content-type': 'text/plain', ...headers });
      response.end(body);
    } catch (error) {
      if (!(error instanceof ConnectionDropped)) onError(error);
      request.socket.destroy();
    }
  };

  return createServer(
    forOwnHost((request, response) => {
      request.resume();
      void handle(request, response);
    }),
  );
}
