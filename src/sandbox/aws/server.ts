import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { forOwnHost } from '../own-host.ts';
import { answerS3, refuseS3 } from '../s3/endpoint.ts';
import type { FileStore } from '../s3/file-store.ts';
import { AuthenticationFailure, type Claim, readClaim } from './authenticate.ts';
import { sendDocument } from './carry-out.ts';
import { type AwsContext, ConnectionDropped, type Exchange, openExchange } from './endpoint.ts';
import { answerJson } from './json-endpoint.ts';
import type { JsonService } from './json-protocol.ts';
import { QueryFailure, type QueryService, queryFailureOf, renderFailure } from './query.ts';
import { answerQuery } from './query-endpoint.ts';

function refuse(context: AwsContext, exchange: Exchange, failure: QueryFailure): void {
  const { requestId } = exchange;
  sendDocument(context, exchange, {
    status: failure.status,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
    text: renderFailure('https://sts.amazonaws.com/doc/2011-06-15/', failure, requestId),
  });
}

/** Requests without a readable signature: a form is a Query call, anything else is for S3. */
function guessService({ request }: Exchange): string {
  return request.method === 'POST' && request.path === '/' && request.query === '' ? 'sts' : 's3';
}

/** One HTTP server for all AWS services of a world, told apart by the service in the signature. */
export function createAwsServer(
  context: AwsContext,
  services: readonly (QueryService | JsonService)[],
  store: FileStore,
  onError: (error: unknown) => void,
): Server {
  const route = async (exchange: Exchange): Promise<void> => {
    let claim: Claim | undefined;
    try {
      claim = readClaim(exchange.request);
    } catch (error) {
      if (!(error instanceof AuthenticationFailure)) throw error;
      if (guessService(exchange) === 's3') await refuseS3(context, exchange, error.problem);
      else refuse(context, exchange, queryFailureOf(error.problem));
      exchange.incoming.resume();
      return;
    }
    const name = claim?.scope.service ?? guessService(exchange);
    if (name === 's3') return answerS3(context, exchange, store, claim);
    const service = services.find((candidate) => candidate.name === name);
    if (service) {
      return 'target' in service
        ? answerJson(context, exchange, service, claim)
        : answerQuery(context, exchange, service, claim);
    }
    refuse(context, exchange, new QueryFailure('InvalidAction', 400, `The sandbox has no service called ${name}`));
    exchange.incoming.resume();
  };

  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const exchange = openExchange(incoming, response);
    try {
      await route(exchange);
    } catch (error) {
      const clientLeft = incoming.destroyed && !incoming.complete;
      if (!(error instanceof ConnectionDropped) && !clientLeft && !response.destroyed) onError(error);
      incoming.socket.destroy();
    }
  };

  // A body may be large and slow: no limit on a request's whole time, but one on its headers.
  return createServer(
    { requestTimeout: 0, headersTimeout: 30_000, keepAliveTimeout: 30_000 },
    forOwnHost((incoming, response) => void answer(incoming, response)),
  );
}
