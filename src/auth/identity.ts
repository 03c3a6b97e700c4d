import { GetCallerIdentityCommand, type STSClient } from '@aws-sdk/client-sts';
import { readRoleArn } from '../access/location.ts';
import type { IdentitySource } from '../access/plan.ts';
import { defined } from '../core/defined.ts';
import { ConnectorError } from '../core/errors.ts';
import { AWS_CALL_LIMITS } from '../core/retry.ts';
import type { AwsCredentials } from './access.ts';
import { type AwsWire, callAws, callFacts, openSts, serviceHost } from './aws-call.ts';
import { readForeignError, safeCause } from './foreign-error.ts';
import {
  type CredentialSource,
  container,
  type Environment,
  loadBounded,
  MACHINE_SOURCES,
  type SourceContext,
  type SourceCredentials,
  variables,
  webIdentity,
} from './identity-sources.ts';
import { profileSource } from './profile-source.ts';
import { SourceFailure } from './source-failure.ts';

/** Some sources run programs or ask a person (SSO, credential_process); all others answer in a second. */
const SOURCE_LIMIT_MS = 30_000;

type Sourced = SourceCredentials & { readonly source: string };

/** Gets the identity's credentials and asks AWS whose they are. `needsSts`: what follows cannot do without STS. */
export async function acquireIdentity(
  identity: IdentitySource,
  wire: AwsWire,
  { environment, needsSts }: { readonly environment: Environment; readonly needsSts: boolean },
): Promise<AwsCredentials> {
  const sourced = await loadIdentity(identity, { environment, ...wire });
  const credentials = needsSts ? await identify(sourced, wire) : await identifyOnce(sourced, wire);
  if (identity.kind === 'workerRole' && identity.expectedRoleArn !== undefined) {
    refuseOtherRole(identity.expectedRoleArn, credentials);
  }
  return credentials;
}

async function loadIdentity(identity: IdentitySource, context: SourceContext): Promise<Sourced> {
  switch (identity.kind) {
    case 'accessKeys': {
      const { accessKeyId, secretAccessKey, sessionToken } = identity;
      return {
        accessKeyId: accessKeyId.reveal(),
        secretAccessKey,
        ...(sessionToken === undefined ? {} : { sessionToken }),
        source: 'access keys',
      };
    }
    case 'machineRole':
      return firstConfigured(MACHINE_SOURCES, context, MACHINE_ADVICE);
    case 'workerRole':
      return firstConfigured(MACHINE_SOURCES, context, WORKER_ADVICE);
    case 'profile': {
      const advice = `Check profile ${identity.profile} in the AWS config files of the agent's user.`;
      return firstConfigured([profileSource(identity.profile)], context, advice);
    }
    case 'environment':
      return firstConfigured(environmentSources(context.environment), context, ENVIRONMENT_ADVICE);
  }
  return identity satisfies never;
}

/** What the agent's variables name: keys, a profile, a token file, a credentials endpoint. */
function environmentSources(environment: Environment): readonly CredentialSource[] {
  const profile = environment['AWS_PROFILE'];
  const named = profile
    ? profileSource(profile)
    : { ...profileSource(''), name: 'profile', absent: () => 'AWS_PROFILE is not set' };
  return [variables, named, webIdentity, container];
}

const MACHINE_ADVICE =
  'Attach an IAM role to the machine that runs the agent (EC2, ECS or EKS); elsewhere turn useEc2Role off and give access keys.';
const WORKER_ADVICE = 'Attach an IAM role to the worker nodes, or choose another identitySource.';
const ENVIRONMENT_ADVICE =
  "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the agent's environment, or choose another identitySource.";

/**
 * The first source that the environment does not rule out decides; when it fails, no other is tried: it would be somebody
 * else. Throws RS_AUTH_NO_SOURCE that lists each source and why.
 */
async function firstConfigured(
  sources: readonly CredentialSource[],
  context: SourceContext,
  advice: string,
): Promise<Sourced> {
  const reasons: string[] = [];
  let failure: unknown;
  for (const source of sources) {
    const absent = source.absent(context.environment);
    if (absent !== undefined) {
      reasons.push(`${source.name}: ${absent}`);
      continue;
    }
    try {
      return { ...(await loadBounded(source, context, SOURCE_LIMIT_MS)), source: source.name };
    } catch (error) {
      context.signal.throwIfAborted();
      if (error instanceof ConnectorError) throw error; // a call to AWS that speaks for itself
      failure = error;
      reasons.push(`${source.name}: ${reasonOf(error)}`);
      break;
    }
  }
  throw new ConnectorError('RS_AUTH_NO_SOURCE', `No AWS credentials: ${reasons.join('; ')}`, {
    action: (failure instanceof SourceFailure ? failure.mend : undefined) ?? advice,
    details: { tried: reasons.join('; '), ...(failure instanceof SourceFailure ? { trap: failure.trap } : {}) },
    ...(failure === undefined ? {} : { cause: safeCause(failure) }),
  });
}

function reasonOf(error: unknown): string {
  const { name, message, nodeCode } = readForeignError(error);
  const said = message === '' ? (nodeCode ?? name) : message;
  return ['Error', 'CredentialsProviderError', 'SourceFailure'].includes(name) ? said : `${name}: ${said}`;
}

/** GetCallerIdentity needs no permission; where something in between refuses it, the evidence is less, not the work. */
async function identify(sourced: Sourced, wire: AwsWire): Promise<AwsCredentials> {
  const sts = openSts(wire.target, sourced);
  const askedHost = watchHost(sts);
  const operation = {
    action: 'sts:GetCallerIdentity',
    ...callFacts(wire, 'sts', sourced),
  } as const;
  try {
    const answer = await callAws(wire, operation, sts, (options) =>
      sts.send(new GetCallerIdentityCommand({}), options),
    );
    const { Arn: principalArn, Account: account } = answer;
    return { ...sourced, ...defined({ principalArn, account, note: ambientNote(askedHost(), wire) }) };
  } catch (error) {
    if (error instanceof ConnectorError && error.code === 'RS_AUTH_PERMISSION') return sourced;
    throw error;
  }
}

/** A network may lead to S3 alone, by a gateway endpoint: then it is S3 that judges the credentials, and nobody is told whose. */
async function identifyOnce(sourced: Sourced, wire: AwsWire): Promise<AwsCredentials> {
  try {
    return await identify(sourced, { ...wire, limits: { ...(wire.limits ?? AWS_CALL_LIMITS), attempts: 1 } });
  } catch (error) {
    if (error instanceof ConnectorError && error.category === 'transient') return sourced;
    throw error;
  }
}

/** Partitions whose endpoints have names that we know. */
const KNOWN_NAMES: ReadonlySet<string> = new Set(['aws', 'aws-cn', 'aws-us-gov']);

/** A host that no option names, but a variable or file of the agent's AWS settings: a reader should know. */
function ambientNote(asked: string | undefined, { target }: AwsWire): string | undefined {
  if (asked === undefined || target.stsEndpoint !== undefined || !KNOWN_NAMES.has(target.partition)) return undefined;
  if (asked === serviceHost(target, 'sts')) return undefined;
  return `The agent's AWS settings send calls of STS to ${asked}.`;
}

/** Where the SDK sends the requests of a client in the end, once it has sent one. */
function watchHost(sts: STSClient): () => string | undefined {
  let host: string | undefined;
  sts.middlewareStack.add(
    (next) => (args) => {
      const { hostname } = Object(args.request) as { readonly hostname?: unknown };
      host = typeof hostname === 'string' ? hostname : undefined;
      return next(args);
    },
    { step: 'finalizeRequest', name: 'roleshiftHost' },
  );
  return () => host;
}

function refuseOtherRole(expectedRoleArn: string, { principalArn, source }: AwsCredentials): void {
  const expected = readRoleArn(expectedRoleArn);
  const actual = /^arn:[^:]+:sts::(\d{12}):assumed-role\/([^/]+)\//.exec(principalArn ?? '');
  if (expected !== undefined && actual?.[1] === expected.account && actual[2] === expected.name) return;
  const message = `The machine runs under ${principalArn ?? 'an unknown identity'}, not under the expected worker role ${expectedRoleArn}`;
  throw new ConnectorError('RS_AUTH_NO_SOURCE', message, {
    action: 'Run on a worker node that has this role, or correct workerRoleArn.',
    details: { source, expectedRoleArn, ...(principalArn === undefined ? {} : { callerArn: principalArn }) },
  });
}
