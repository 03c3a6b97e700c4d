import { NOBODY } from '../identity.ts';
import { AuthenticationFailure, authenticate, type Claim, type Signed } from './authenticate.ts';
import { type AwsContext, ConnectionDropped, type Exchange, readSmallBody, record, suffer } from './endpoint.ts';
import { parseForm, QueryFailure, type QueryService, queryFailureOf, renderAnswer, renderFailure } from './query.ts';
import { sha256 } from './sigv4.ts';
import type { XmlElements } from './xml.ts';

const MAX_BODY_BYTES = 262_144;

interface Outcome {
  readonly signed?: Signed;
  readonly fault?: string;
  readonly result: XmlElements | QueryFailure;
}

interface Parsed {
  readonly service: QueryService;
  readonly claim: Claim | undefined;
  readonly body: Buffer;
  readonly action: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly resource: string;
}

async function carryOut(context: AwsContext, exchange: Exchange, parsed: Parsed): Promise<Outcome> {
  const { service, claim, body, action, parameters, resource } = parsed;
  const fault = await suffer(context.faults, `${service.name}:${action}`, resource);
  const named = fault ? { fault: fault.effect.kind } : {};
  if (fault?.effect.kind === 'throttle') {
    return { ...named, result: new QueryFailure('Throttling', 400, 'Rate exceeded') };
  }
  if (fault?.effect.kind === 'error') {
    const { code = 'ServiceUnavailable', status = 503, message = 'The service is unavailable.' } = fault.effect;
    return { ...named, result: new QueryFailure(code, status, message) };
  }
  const needsSignature = !service.unsigned?.has(action);
  if (!claim && needsSignature) {
    const message = 'Request is missing Authentication Token';
    return { ...named, result: new QueryFailure('MissingAuthenticationToken', 403, message) };
  }
  const signed = claim && authenticate(exchange.request, claim, sha256(body), context);
  const version = parameters.get('Version') ?? 'NO_VERSION_SPECIFIED';
  const run = version === service.version ? service.actions.get(action) : undefined;
  const outcome = { ...(signed && { signed }), ...named };
  if (!run) {
    const place = service.actions.has(action) ? `version ${version}` : 'this service in the sandbox';
    const message = `Could not find operation ${action} for ${place}`;
    return { ...outcome, result: new QueryFailure('InvalidAction', 400, message) };
  }
  const { principal, scope } = signed ?? { principal: NOBODY, scope: { region: context.region } };
  let result: Outcome['result'];
  try {
    result = run({ principal, region: scope.region, action, parameters, authorize: context.authorize });
  } catch (error) {
    if (!(error instanceof QueryFailure)) throw error;
    result = error;
  }
  if (fault?.effect.kind === 'drop') throw new ConnectionDropped(action);
  return { ...outcome, result };
}

async function settle(context: AwsContext, exchange: Exchange, parsed: Parsed): Promise<Outcome> {
  try {
    return await carryOut(context, exchange, parsed);
  } catch (error) {
    if (error instanceof AuthenticationFailure) return { result: queryFailureOf(error.problem) };
    throw error;
  }
}

/** Answers one request to STS or Redshift. */
export async function answerQuery(
  context: AwsContext,
  exchange: Exchange,
  service: QueryService,
  claim: Claim | undefined,
): Promise<void> {
  const { response, requestId } = exchange;
  const body = (await readSmallBody(exchange.incoming, MAX_BODY_BYTES)) ?? Buffer.alloc(0);
  const parameters = parseForm(exchange.request.method === 'GET' ? exchange.request.query : body.toString('utf8'));
  const action = parameters.get('Action') ?? 'unknown';
  const resource = service.resourceOf({ action, parameters });
  const outcome = await settle(context, exchange, { service, claim, body, action, parameters, resource });
  const failure = outcome.result instanceof QueryFailure ? outcome.result : undefined;
  const status = failure?.status ?? 200;
  record(context.log, {
    service: service.name,
    action,
    principal: outcome.signed?.principal.arn ?? 'anonymous',
    resource,
    allowed: failure === undefined,
    status,
    ...(failure && { errorCode: failure.code }),
    ...(outcome.fault !== undefined && { fault: outcome.fault }),
  });
  response.writeHead(status, { 'content-type': 'text/xml', 'x-amzn-requestid': requestId });
  response.end(
    outcome.result instanceof QueryFailure
      ? renderFailure(service.namespace, outcome.result, requestId)
      : renderAnswer(service, action, outcome.result, requestId),
  );
}
