import { type ConfigIssue, ConnectorError } from '../core/errors.ts';
import { checkAddress } from './addresses.ts';
import { deepFreeze } from './deep-freeze.ts';
import { fillIn, type ValueSource } from './fill-in.ts';
import type { HostPolicy } from './host-policy.ts';
import { MANIFEST } from './manifest.gen.ts';
import type { ConnectionOptions } from './options.gen.ts';
import { applyPolicy } from './policy.ts';
import { checkToldHost } from './policy-addresses.ts';
import { readInput } from './read-input.ts';
import { readValues } from './read-values.ts';
import type { ResolveSecret } from './references.ts';
import { RULES } from './rules.ts';

/** Around a connection: who asks, and where references lead. */
export interface ResolveContext {
  /**
   * What a host that shows the form to others allows: `{}` is the strictest. A policy or a `resolveSecret` makes the
   * caller a host: references then go to `resolveSecret` alone. With neither, the values are the program's own.
   */
  readonly policy?: HostPolicy | undefined;
  readonly resolveSecret?: ResolveSecret | undefined;
  /** Where `${env:NAME}` looks. Default: the process's environment. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Where relative paths start: the folder of the connection file. Default: the working directory. */
  readonly directory?: string | undefined;
  /** Folders that `${file:path}` may lead to. Default: `directory`, `/run/secrets`, `/var/run/secrets`. */
  readonly fileRoots?: readonly string[] | undefined;
}

/** A checked connection, and what a person should know about it. */
export interface ResolvedConnection {
  readonly options: ConnectionOptions;
  /** What was ignored, replaced or taken from elsewhere, in sentences. */
  readonly notices: readonly string[];
  /** Source of each option that has a value. */
  readonly trace: Readonly<Record<string, ValueSource>>;
}

/** As `resolveConnection`, without what was noticed on the way. */
export function resolveOptions(raw: unknown, context?: ResolveContext): ConnectionOptions {
  return resolveConnection(raw, context).options;
}

/**
 * Checks a connection as a person, a form or a file gives it, and fills in defaults. Frozen. Throws one
 * `RS_CONFIG_INVALID` with every problem found, or `RS_CONFIG_FORBIDDEN` when all that is left is what the host forbids.
 */
export function resolveConnection(raw: unknown, context: ResolveContext = {}): ResolvedConnection {
  const { properties, retired = {} } = MANIFEST.connection;
  const policy = policyOf(context);

  const input = readInput(raw, properties, retired);
  if (input.isUnusable) throw invalid(input.issues, []);
  const filled = fillIn(input.values, properties);
  const read = readValues(filled, properties, {
    resolveSecret: policy && (context.resolveSecret ?? (() => undefined)),
    environment: context.environment ?? process.env,
    directory: context.directory ?? process.cwd(),
    fileRoots: context.fileRoots ?? defaultRoots(context.directory),
    caRoots: policy && (policy.fileRoots ?? []),
  });

  const issues = [...input.issues, ...filled.issues, ...read.issues];
  const refused = new Set(issues.map(({ path }) => path.split(/[.[]/, 1)[0] ?? path));
  for (const rule of Object.values(RULES)) issues.push(...rule(read.values, { refused }));
  if (issues.length > 0) throw invalid(issues, read.causes);

  // Every option that has to be there is: each absence was an issue above.
  const options = read.values as ConnectionOptions;
  const { notices } = filled;
  const trace = { ...filled.trace, ...sourced(read.references, 'reference') };
  if (policy === undefined) return deepFreeze({ options, notices, trace });

  const verdict = applyPolicy(options, policy);
  const all = [...read.forbidden, ...verdict.issues];
  if (all.length > 0) throw forbidden(all);
  return deepFreeze({
    options: verdict.options,
    notices: [...notices, ...verdict.notices],
    trace: { ...trace, ...sourced(verdict.fixed, 'host policy') },
  });
}

/**
 * The check of a resolved address that belongs to this caller: hand it to whatever opens connections. Throws
 * `RS_CONFIG_FORBIDDEN`.
 */
export function addressCheck(context: Pick<ResolveContext, 'policy' | 'resolveSecret'>): (address: string) => void {
  const policy = policyOf(context);
  const allowLoopback = policy === undefined || policy.allowLoopback === true;
  return (address) => checkAddress(address, { allowLoopback });
}

/** The check of a host that AWS tells for a cluster: no form names it, and a policy limits it all the same. */
export function toldHostCheck(context: Pick<ResolveContext, 'policy' | 'resolveSecret'>): (host: string) => void {
  const policy = policyOf(context);
  return (host) => {
    if (policy) checkToldHost(host, policy);
  };
}

/** Every problem of a connection, for a form to show beside its fields; empty when there is none. */
export function findIssues(raw: unknown, context?: ResolveContext): readonly ConfigIssue[] {
  try {
    resolveConnection(raw, context);
    return [];
  } catch (error) {
    if (error instanceof ConnectorError) return error.issues;
    throw error;
  }
}

/**
 * The policy that holds for this caller: the strictest where there is a `resolveSecret` and no policy; undefined where the
 * values are the program's own.
 */
export function policyOf({
  policy,
  resolveSecret,
}: Pick<ResolveContext, 'policy' | 'resolveSecret'>): HostPolicy | undefined {
  return policy ?? (resolveSecret ? {} : undefined);
}

function sourced(keys: readonly string[], source: ValueSource): Readonly<Record<string, ValueSource>> {
  return Object.fromEntries(keys.map((key) => [key, source]));
}

function defaultRoots(directory = process.cwd()): readonly string[] {
  return [directory, '/run/secrets', '/var/run/secrets'];
}

function invalid(issues: readonly ConfigIssue[], causes: readonly unknown[]): ConnectorError {
  const [cause] = causes;
  return new ConnectorError('RS_CONFIG_INVALID', summary('The connection is not valid', issues), {
    action: 'Mend each option that is listed.',
    issues,
    ...(cause === undefined ? {} : { cause }),
  });
}

function forbidden(issues: readonly ConfigIssue[]): ConnectorError {
  return new ConnectorError('RS_CONFIG_FORBIDDEN', summary('The host does not allow this connection', issues), {
    action: 'Change the options that are listed, or ask the owner of the host to allow them.',
    issues,
  });
}

function summary(what: string, issues: readonly ConfigIssue[]): string {
  return `${what}:\n${issues.map(({ path, message }) => `- ${path === '' ? '' : `${path}: `}${message}`).join('\n')}`;
}
