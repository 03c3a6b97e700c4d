import { NOBODY } from '../identity.ts';
import type { Claim, Signed } from './authenticate.ts';
import { carryOut, sendDocument, type Wording } from './carry-out.ts';
import { type AwsContext, type Exchange, readSmallBody } from './endpoint.ts';
import { parseForm, QueryFailure, type QueryService, queryFailureOf, renderAnswer, renderFailure } from './query.ts';
import type { XmlElements } from './xml.ts';

const MAX_BODY_BYTES = 262_144;

const WORDING: Wording = {
  throttled: new QueryFailure('Throttling', 400, 'Rate exceeded'),
  unavailable: new QueryFailure('ServiceUnavailable', 503, 'The service is unavailable.'),
  unsigned: new QueryFailure('MissingAuthenticationToken', 403, 'Request is missing Authentication Token'),
  refusal: queryFailureOf,
};

/** Answers one request to STS, Redshift or another service of the Query protocol. */
export async function answerQuery(
  context: AwsContext,
  exchange: Exchange,
  service: QueryService,
  claim: Claim | undefined,
): Promise<void> {
  const body = (await readSmallBody(exchange.incoming, MAX_BODY_BYTES)) ?? Buffer.alloc(0);
  const parameters = parseForm(exchange.request.method === 'GET' ? exchange.request.query : body.toString('utf8'));
  const action = parameters.get('Action') ?? 'unknown';
  const run = (signed: Signed | undefined): XmlElements => {
    const version = parameters.get('Version') ?? 'NO_VERSION_SPECIFIED';
    const known = version === service.version ? service.actions.get(action) : undefined;
    if (!known) {
      const place = service.actions.has(action) ? `version ${version}` : 'this service in the sandbox';
      throw new QueryFailure('InvalidAction', 400, `Could not find operation ${action} for ${place}`);
    }
    const { principal, scope } = signed ?? { principal: NOBODY, scope: { region: context.region } };
    return known({ principal, region: scope.region, action, parameters, authorize: context.authorize });
  };
  const { result, cutMidway } = await carryOut(context, exchange, {
    service: service.name,
    action,
    resource: service.resourceOf({ action, parameters }),
    body,
    claim,
    needsSignature: !service.unsigned?.has(action),
    wording: WORDING,
    run,
  });
  const { requestId } = exchange;
  const isFailure = result instanceof QueryFailure;
  const answer = {
    status: isFailure ? result.status : 200,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
    text: isFailure
      ? renderFailure(service.namespace, result, requestId)
      : renderAnswer(service, action, result, requestId),
  };
  sendDocument(context, exchange, answer, cutMidway);
}
