import { resolve } from 'node:path';
import type { ConfigIssue } from '../core/errors.ts';
import { Secret } from '../core/secret.ts';
import { checkValue, issue } from './check-value.ts';
import type { OptionDescriptor } from './descriptor.ts';
import type { Filled } from './fill-in.ts';
import { followReference, type ReferenceSources, readReference, realPathUnder } from './references.ts';
import type { CheckedOptions } from './rules.ts';

export interface ReadContext extends ReferenceSources {
  /** Under a host: folders that the CA file must lie under. */
  readonly caRoots?: readonly string[] | undefined;
}

export interface ReadValues {
  readonly values: CheckedOptions;
  readonly issues: readonly ConfigIssue[];
  /** What only the host's policy refuses. */
  readonly forbidden: readonly ConfigIssue[];
  /** Keys of secrets that came by reference. */
  readonly references: readonly string[];
  readonly causes: readonly unknown[];
}

/** Checks each value by its descriptor, follows references and wraps secrets. A refused value is left out. */
export function readValues(
  { values: filled, issues: known }: Filled,
  properties: Readonly<Record<string, OptionDescriptor>>,
  context: ReadContext,
): ReadValues {
  const values: Record<string, unknown> = {};
  const issues: ConfigIssue[] = [];
  const causes: unknown[] = [];
  const references: string[] = [];
  const refused = new Set(known.map(({ path }) => path));
  for (const [key, given] of Object.entries(filled)) {
    const option = properties[key];
    if (option === undefined || refused.has(key)) continue;
    const read = option.secret ? readSecret(key, option, given, context) : readPlain(key, option, given);
    issues.push(...read.issues);
    if (read.isReference) references.push(key);
    if (read.cause !== undefined) causes.push(read.cause);
    if (read.issues.length === 0) values[key] = withoutEmptyFields(read.value);
  }
  const caFile = readCaFile(values['caFile'], context);
  if (caFile.path !== undefined) values['caFile'] = caFile.path;
  if (typeof values['stagingPrefix'] === 'string') values['stagingPrefix'] = asFolder(values['stagingPrefix']);
  return { values: values as CheckedOptions, issues, forbidden: caFile.forbidden, references, causes };
}

interface Read {
  readonly value?: unknown;
  readonly issues: readonly ConfigIssue[];
  readonly cause?: unknown;
  readonly isReference?: boolean;
}

function readPlain(key: string, option: OptionDescriptor, given: unknown): Read {
  if (typeof given === 'string' && readReference(given, key) !== undefined) {
    const message = `${option.title} cannot be a reference: only secrets can`;
    return { issues: [issue(key, message, `Write the value itself into ${key}.`)] };
  }
  return { value: given, issues: checkValue(key, option, given) };
}

function readSecret(key: string, option: OptionDescriptor, given: unknown, context: ReadContext): Read {
  if (given instanceof Secret) return checkSecret(key, option, given.reveal());
  const reference = typeof given === 'string' ? readReference(given, key) : undefined;
  if (reference === undefined) return checkSecret(key, option, given);
  const found = followReference(reference, context);
  if ('value' in found) return { ...checkSecret(key, option, found.value), isReference: true };
  const refusal = issue(
    key,
    `${option.title} ${found.problem}`,
    `Provide the secret where ${key} refers to, or change it.`,
  );
  return { issues: [refusal], cause: found.cause };
}

/** Fields of a list's elements that were left empty count as not given, as options do. */
function withoutEmptyFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmptyFields);
  if (typeof value !== 'object' || value === null || value instanceof Secret) return value;
  const given = Object.entries(value).filter(([, field]) => field !== undefined && field !== null && field !== '');
  return Object.fromEntries(given.map(([key, field]) => [key, withoutEmptyFields(field)]));
}

function checkSecret(key: string, option: OptionDescriptor, value: unknown): Read {
  const issues = checkValue(key, option, value);
  return typeof value === 'string' && issues.length === 0 ? { value: new Secret(value), issues } : { issues };
}

function readCaFile(
  caFile: unknown,
  { directory, caRoots }: ReadContext,
): { readonly path?: string; readonly forbidden: readonly ConfigIssue[] } {
  if (typeof caFile !== 'string') return { forbidden: [] };
  const path = resolve(directory, caFile);
  if (caRoots === undefined) return { path, forbidden: [] };
  const real = realPathUnder(path, caRoots);
  if ('path' in real) return { path: real.path, forbidden: [] };
  // One answer for "absent" and "outside": a form must not find out which files its host has.
  const refusal = issue(
    'caFile',
    'The host does not allow this file',
    'Leave caFile empty, or name a file the host provides.',
  );
  return { forbidden: [refusal] };
}

function asFolder(prefix: string): string {
  return prefix.endsWith('/') ? prefix : `${prefix}/`;
}
