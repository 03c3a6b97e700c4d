import type { Fault } from '../faults.ts';
import {
  AuthenticationFailure,
  type AuthenticationProblem,
  authenticate,
  type Claim,
  type Signed,
} from './authenticate.ts';
import { type AwsContext, ConnectionDropped, type Exchange, isAfter, record, stayAway, suffer } from './endpoint.ts';
import { QueryFailure } from './query.ts';
import { sha256 } from './sigv4.ts';

/** What a protocol says when a request does not get as far as its action. */
export interface Wording {
  readonly throttled: QueryFailure;
  readonly unavailable: QueryFailure;
  readonly unsigned: QueryFailure;
  refusal(problem: AuthenticationProblem): QueryFailure;
}

/** One call of a service that answers with a document: what it is, and how to run it once the caller is known. */
export interface Work<T> {
  readonly service: string;
  readonly action: string;
  /** For faults and the log. */
  readonly resource: string;
  readonly body: Buffer;
  readonly claim: Claim | undefined;
  readonly needsSignature: boolean;
  readonly wording: Wording;
  /** Throws `QueryFailure` for what the service refuses. */
  readonly run: (signed: Signed | undefined) => T;
}

export interface Outcome<T> {
  readonly result: T | QueryFailure;
  /** The connection is to be cut when half of the answer is out. */
  readonly cutMidway: boolean;
}

interface Progress {
  signed?: Signed | undefined;
  fault?: string;
  cutMidway: boolean;
}

async function attempt<T>(context: AwsContext, exchange: Exchange, work: Work<T>, progress: Progress): Promise<T> {
  const { service, action, resource, body, claim, wording } = work;
  const fault = await suffer(context.faults, `${service}:${action}`, resource, exchange.incoming);
  const effect = fault?.effect;
  if (effect) progress.fault = effect.kind;
  const failure = effect && failureOf(effect, wording);
  if (fault && failure && !isAfter(fault)) throw failure;
  if (!claim && work.needsSignature) throw wording.unsigned;
  progress.signed = claim && authenticate(exchange.request, claim, sha256(body), context);
  const result = refusedOr(() => work.run(progress.signed));
  progress.cutMidway = effect?.kind === 'drop' && effect.when === 'midway';
  if (effect?.kind === 'drop' && !progress.cutMidway) throw new ConnectionDropped(action);
  if (effect?.kind === 'silence') await stayAway(exchange.incoming.socket, action);
  if (failure) throw failure;
  if (result instanceof QueryFailure) throw result;
  return result;
}

function failureOf(effect: Fault['effect'], { throttled, unavailable }: Wording): QueryFailure | undefined {
  if (effect.kind === 'throttle') return throttled;
  if (effect.kind !== 'error') return undefined;
  const { code = unavailable.code, status = unavailable.status, message = unavailable.message } = effect;
  return new QueryFailure(code, status, message);
}

function refusedOr<T>(run: () => T): T | QueryFailure {
  try {
    return run();
  } catch (error) {
    if (error instanceof QueryFailure) return error;
    throw error;
  }
}

/** Verifies and runs one call, with the fault that strikes it, and writes it into the log. */
export async function carryOut<T>(context: AwsContext, exchange: Exchange, work: Work<T>): Promise<Outcome<T>> {
  const progress: Progress = { cutMidway: false };
  let result: T | QueryFailure;
  try {
    result = await attempt(context, exchange, work, progress);
  } catch (error) {
    if (error instanceof AuthenticationFailure) result = work.wording.refusal(error.problem);
    else if (error instanceof QueryFailure) result = error;
    else throw error;
  }
  const failure = result instanceof QueryFailure ? result : undefined;
  record(context.log, {
    service: work.service,
    action: work.action,
    principal: progress.signed?.principal.arn ?? 'anonymous',
    resource: work.resource,
    allowed: failure === undefined,
    status: failure?.status ?? 200,
    ...(failure && { errorCode: failure.code }),
    ...(progress.fault !== undefined && { fault: progress.fault }),
  });
  return { result, cutMidway: progress.cutMidway };
}

/** Sends an answer, dated by AWS's clock; cut in the middle if so wished. */
export function sendDocument(
  { clock }: Pick<AwsContext, 'clock'>,
  { response }: Exchange,
  answer: { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly text: string },
  cutMidway = false,
): void {
  const body = Buffer.from(answer.text);
  response.writeHead(answer.status, {
    ...answer.headers,
    date: clock.date().toUTCString(),
    'content-length': body.length,
  });
  if (!cutMidway) {
    response.end(body);
    return;
  }
  response.write(body.subarray(0, body.length >> 1), () => response.destroy());
}
