import { ConnectorError } from '../core/errors.ts';
import { forbidden } from './forbidden.ts';
import type { HostPolicy } from './host-policy.ts';

/** Where a specification may hold SQL of its own. */
export interface CustomSqlHolder {
  readonly query?: unknown;
  readonly where?: unknown;
  readonly preSql?: unknown;
  readonly postSql?: unknown;
  readonly objects?: unknown;
  readonly parameters?: unknown;
}

/**
 * Refuses a specification's own SQL where the policy forbids it: queries, conditions, statements before and after, and
 * parameters of kind `sql`. Call it before anything is sent. Throws `RS_CONFIG_FORBIDDEN`.
 */
export function checkCustomSql(spec: CustomSqlHolder, policy: HostPolicy | undefined): void {
  const given = customSqlIn(spec);
  if (policy?.allowCustomSql !== false || given.length === 0) return;
  throw new ConnectorError('RS_CONFIG_FORBIDDEN', 'The host does not allow SQL of your own', {
    action: 'Name objects, columns and a filter, or ask the owner of the host to allow it.',
    issues: given.map((path) => forbidden(path, 'SQL of your own')),
  });
}

function customSqlIn(spec: CustomSqlHolder): readonly string[] {
  const joined = Array.isArray(spec.objects) ? (spec.objects as readonly unknown[]) : [];
  const parameters = Object.entries((spec.parameters as Readonly<Record<string, unknown>> | undefined) ?? {});
  return [
    ...(['query', 'where', 'preSql', 'postSql'] as const).filter((key) => spec[key] !== undefined),
    ...joined.flatMap((object, index) => (has(object, 'condition') ? [`objects[${index}].condition`] : [])),
    ...parameters.flatMap(([name, value]) => (has(value, 'kind', 'sql') ? [`parameters.${name}`] : [])),
  ];
}

/** Whether something of a form has this key, with this value if one is given. */
function has(value: unknown, key: string, wanted?: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const found = (value as Readonly<Record<string, unknown>>)[key];
  return wanted === undefined ? found !== undefined : found === wanted;
}
