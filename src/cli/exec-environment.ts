import { readReference } from '../manifest/references.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** How sessions behave, not where they go or as whom: a user's own choice of these stays. */
const KEPT = ['PGAPPNAME', 'PGCLIENTENCODING', 'PGCONNECT_TIMEOUT', 'PGDATESTYLE', 'PGOPTIONS', 'PGTZ'];

/** Names of the variables that a connection's secrets come from: `secretAccessKey: ${env:NAME}`. */
export function referencedVariables(values: object): readonly string[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const reference = typeof value === 'string' ? readReference(value, key) : undefined;
    return reference?.scheme === 'env' ? [reference.name] : [];
  });
}

/**
 * The environment of a program that is to use the login and nothing else: ours without AWS credentials and settings, without
 * the variables that the connection's secrets came from, and without anything that would send libpq elsewhere (a service of
 * PGSERVICE outranks PGHOST); then the login's own variables.
 */
export function childEnvironment(own: Environment, secretNames: readonly string[], login: Environment): Environment {
  const kept = Object.entries(own).filter(
    ([name]) => !name.startsWith('AWS_') && !secretNames.includes(name) && (KEPT.includes(name) || !isOfLibpq(name)),
  );
  return { ...Object.fromEntries(kept), ...login };
}

/** `PG_COLOR` and `PGDATA_BACKUPS` of somebody else are no settings of a session, but nothing of libpq's is missed. */
function isOfLibpq(name: string): boolean {
  return name.startsWith('PG') && !name.startsWith('PG_');
}
