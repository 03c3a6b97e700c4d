import { isDeepStrictEqual } from 'node:util';
import { readEndpointName } from '../core/endpoint-name.ts';
import type { ConfigIssue } from '../core/errors.ts';
import { issue } from './check-value.ts';
import { alternatives, holds, type Lookup } from './conditions.ts';
import type { Condition, Conditions, ConditionValue, OptionDescriptor } from './descriptor.ts';
import { type JdbcUrl, readJdbcUrl } from './jdbc-url.ts';

/** Where a value came from: never what it was. */
export type ValueSource = 'given' | 'reference' | 'jdbcUrl' | 'endpoint name' | 'default' | 'host policy';

type Properties = Readonly<Record<string, OptionDescriptor>>;
type Values = Readonly<Record<string, unknown>>;

/** Values from every source, not yet checked one by one. */
export interface Filled {
  readonly values: Values;
  readonly trace: Readonly<Record<string, ValueSource>>;
  readonly issues: readonly ConfigIssue[];
  readonly notices: readonly string[];
}

/**
 * Brings together what was given, the JDBC URL, the endpoint's name and the defaults; leaves out what is not in use; and
 * names what is missing. Conditions are judged with defaults applied: an untouched check box is a "no".
 */
export function fillIn(given: Values, properties: Properties): Filled {
  const located = locate(given, properties);
  const values: Record<string, unknown> = {};
  const trace: Record<string, ValueSource> = {};
  const issues = [...located.issues];
  const notices = [...located.notices];
  const lookup: Lookup = (key) => located.values[key] ?? properties[key]?.default;

  for (const [key, option] of Object.entries(properties)) {
    const isInUse = option.visibleWhen === undefined || holds(option.visibleWhen, lookup);
    const value = isInUse ? located.values[key] : undefined;
    if (!isInUse && located.trace[key] === undefined && isTold(located.values[key], option)) {
      notices.push(
        `${option.title} (${key}) is ignored because ${obstacle(option.visibleWhen ?? [], lookup, properties)}.`,
      );
    }
    if (value !== undefined) {
      values[key] = value;
      trace[key] = located.trace[key] ?? 'given';
    } else if (option.default !== undefined) {
      values[key] = option.default;
      trace[key] = 'default';
    } else if (isInUse) {
      issues.push(...missing(key, option, lookup));
    }
  }
  return { values, trace, issues, notices };
}

// A form that fills in defaults by itself has not asked for anything.
function isTold(value: unknown, option: OptionDescriptor): boolean {
  return value !== undefined && !isDeepStrictEqual(value, option.default);
}

function missing(key: string, option: OptionDescriptor, lookup: Lookup): readonly ConfigIssue[] {
  if (option.required) return [issue(key, `${option.title} is missing`, `Set ${key}.`)];
  const reason = alternatives(option.requiredWhen ?? []).find((condition) => holds(condition, lookup));
  if (reason === undefined) return [];
  return [issue(key, `${option.title} is missing: it is needed when ${told(reason)}`, `Set ${key}.`)];
}

function told(condition: Condition): string {
  return Object.entries(condition)
    .map(([key, accepted]) => `${key} is ${accepted.map((value) => value ?? 'not given').join(' or ')}`)
    .join(' and ');
}

// Of several alternatives, the one that comes nearest: its unmet parts are what the person chose otherwise.
function obstacle(conditions: Conditions, lookup: Lookup, properties: Properties): string {
  const unmet = alternatives(conditions).map((condition) =>
    Object.entries(condition).filter(([key, accepted]) => !holds({ [key]: accepted }, lookup)),
  );
  const [nearest = []] = unmet.toSorted((one, other) => one.length - other.length);
  return nearest
    .map(([key, accepted]) => `${key} is ${isNone(accepted) ? 'given' : said(lookup(key), properties[key])}`)
    .join(' and ');
}

function isNone(accepted: readonly ConditionValue[]): boolean {
  return accepted.every((value) => value === null);
}

// Only the manifest's own words are repeated: what was typed into the wrong field may be a secret.
function said(value: unknown, option: OptionDescriptor | undefined): string {
  const isKnown = typeof value === 'boolean' || (typeof value === 'string' && option?.enum?.includes(value));
  return isKnown ? String(value) : 'something else';
}

interface Located extends Filled {
  readonly trace: Readonly<Record<string, ValueSource>>;
}

function locate(given: Values, properties: Properties): Located {
  const { jdbcUrl } = given;
  const url = typeof jdbcUrl === 'string' ? readJdbcUrl(jdbcUrl) : undefined;
  if (url === undefined) return nameEndpoint(given, {}, [], []);
  if ('problem' in url) {
    const refusal = issue(
      'jdbcUrl',
      `JDBC URL ${url.problem}`,
      'Paste the JDBC URL as the console of the cluster shows it.',
    );
    return nameEndpoint(given, {}, [refusal], []);
  }
  const fromUrl = urlValues(url);
  const conflicts = Object.entries(fromUrl).filter(([key, value]) => {
    const own = given[key];
    return own !== undefined && own !== value && own !== properties[key]?.default;
  });
  const issues = conflicts.map(([key]) =>
    issue(
      key,
      `${properties[key]?.title ?? key} differs from the JDBC URL`,
      `Remove ${key} or jdbcUrl, or make them agree.`,
    ),
  );
  const trace = Object.fromEntries(Object.keys(fromUrl).map((key) => [key, 'jdbcUrl' as const]));
  const notices = url.ignored.map((name) => `The parameter ${name} of the JDBC URL is not taken over.`);
  return nameEndpoint({ ...given, ...fromUrl, jdbcUrl: url.address }, trace, issues, notices);
}

function urlValues({ host, port, database, clusterIdentifier, region }: JdbcUrl): Values {
  const values = { host, port, database, clusterIdentifier, region };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function nameEndpoint(
  values: Values,
  trace: Readonly<Record<string, ValueSource>>,
  issues: readonly ConfigIssue[],
  notices: readonly string[],
): Located {
  const name = typeof values['host'] === 'string' ? readEndpointName(values['host']) : undefined;
  const told = { region: name?.region, clusterIdentifier: name?.clusterIdentifier, workgroup: name?.workgroup };
  const added = Object.entries(told).filter(([key, value]) => value !== undefined && values[key] === undefined);
  return {
    values: { ...Object.fromEntries(added), ...values },
    trace: { ...Object.fromEntries(added.map(([key]) => [key, 'endpoint name' as const])), ...trace },
    issues,
    notices,
  };
}
