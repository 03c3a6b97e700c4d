import { NOBODY } from '../identity.ts';
import { type Claim, headerOf, type Signed } from './authenticate.ts';
import { carryOut, sendDocument, type Wording } from './carry-out.ts';
import { type AwsContext, type Exchange, readSmallBody } from './endpoint.ts';
import { type JsonObject, type JsonService, jsonFailureOf } from './json-protocol.ts';
import { QueryFailure } from './query.ts';

const MAX_BODY_BYTES = 262_144;
const CONTENT_TYPE = 'application/x-amz-json-1.1';

const WORDING: Wording = {
  throttled: new QueryFailure('ThrottlingException', 400, 'Rate exceeded'),
  unavailable: new QueryFailure('InternalServerException', 500, 'An internal error occurred.'),
  unsigned: new QueryFailure('MissingAuthenticationTokenException', 400, 'Missing Authentication Token'),
  refusal: jsonFailureOf,
};

/** Undefined: not an object in JSON. */
function readInput(body: Buffer): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Answers one request to a service of the JSON 1.1 protocol. */
export async function answerJson(
  context: AwsContext,
  exchange: Exchange,
  service: JsonService,
  claim: Claim | undefined,
): Promise<void> {
  const body = (await readSmallBody(exchange.incoming, MAX_BODY_BYTES)) ?? Buffer.alloc(0);
  const [target, action = 'unknown'] = (headerOf(exchange.request, 'x-amz-target') ?? '').split('.');
  const input = readInput(body);
  const run = (signed: Signed | undefined): JsonObject => {
    const known = target === service.target ? service.actions.get(action) : undefined;
    if (!known) throw new QueryFailure('UnknownOperationException', 400, `The sandbox has no operation ${action}`);
    if (!input) throw new QueryFailure('SerializationException', 400, 'The body is not an object in JSON');
    const { principal, scope } = signed ?? { principal: NOBODY, scope: { region: context.region } };
    return known({ principal, region: scope.region, input, authorize: context.authorize });
  };
  const { result, cutMidway } = await carryOut(context, exchange, {
    service: service.name,
    action,
    resource: service.resourceOf(input ?? {}),
    body,
    claim,
    needsSignature: true,
    wording: WORDING,
    run,
  });
  const headers = { 'content-type': CONTENT_TYPE, 'x-amzn-requestid': exchange.requestId };
  const answer =
    result instanceof QueryFailure
      ? {
          status: result.status,
          headers: { ...headers, 'x-amzn-errortype': result.code },
          text: JSON.stringify({ __type: result.code, message: result.message }),
        }
      : { status: 200, headers, text: JSON.stringify(result) };
  sendDocument(context, exchange, answer, cutMidway);
}
