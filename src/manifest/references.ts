import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import type { Secret } from '../core/secret.ts';

/** A secret that is named instead of given: `${env:NAME}`, `${file:path}`, or a scheme of the host's own. */
export interface SecretReference {
  readonly scheme: string;
  readonly name: string;
  /** Key of the option that holds it. */
  readonly option: string;
}

/**
 * A host's way to a secret: the text between the braces of `${...}`, and the key of the option that holds it. Undefined
 * when there is none by that name. Called only for secret options that are in use.
 */
export type ResolveSecret = (reference: string, option: string) => string | Secret | undefined;

export interface ReferenceSources {
  /** When given, it alone resolves references: a form must not reach the environment or the files of its host. */
  readonly resolveSecret?: ResolveSecret | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Relative paths start here. */
  readonly directory: string;
  /** Folders that a referenced file must lie under. */
  readonly fileRoots: readonly string[];
}

const MAX_FILE_BYTES = 64 * 1024;
const SHAPE = /^\$\{([a-z][a-z0-9+.-]{0,31}):([^\0\r\n}]{1,4096})\}$/;

/** The text as a reference, when the whole of it is one. */
export function readReference(text: string, option: string): SecretReference | undefined {
  const [, scheme, name] = SHAPE.exec(text) ?? [];
  return scheme === undefined || name === undefined ? undefined : { scheme, name, option };
}

/** What a reference led to; a problem is a clause that names the place and never what was found there. */
export type Resolved = { readonly value: string } | { readonly problem: string; readonly cause?: unknown };

/** Follows the reference. Never throws. */
export function followReference(reference: SecretReference, sources: ReferenceSources): Resolved {
  if (sources.resolveSecret) return askHost(reference, sources.resolveSecret);
  if (reference.scheme === 'env') return readEnvironment(reference.name, sources.environment);
  if (reference.scheme === 'file') return readSecretFile(reference.name, sources);
  return { problem: `uses the reference scheme "${reference.scheme}", which is not known here: env and file are` };
}

function askHost(reference: SecretReference, resolveSecret: ResolveSecret): Resolved {
  try {
    const answer = resolveSecret(`${reference.scheme}:${reference.name}`, reference.option);
    const value = typeof answer === 'object' ? answer.reveal() : answer;
    if (typeof value === 'string' && value !== '') return { value };
    return { problem: 'is a reference that the host does not resolve' };
  } catch (cause) {
    return { problem: 'is a reference that the host failed to resolve', cause };
  }
}

function readEnvironment(name: string, environment: ReferenceSources['environment']): Resolved {
  const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
  if (value === undefined || value === '')
    return { problem: `refers to the environment variable ${name}, which is not set` };
  return { value };
}

function readSecretFile(name: string, { directory, fileRoots }: ReferenceSources): Resolved {
  const located = realPathUnder(resolve(directory, name), fileRoots);
  if ('problem' in located) return { problem: `refers to a file that ${located.problem}`, cause: located.cause };
  try {
    return readBounded(located.path);
  } catch (cause) {
    return { problem: 'refers to a file that cannot be read', cause };
  }
}

function readBounded(path: string): Resolved {
  // Not blocking: opening a pipe would wait for its writer.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) return { problem: 'refers to something that is not a plain file' };
    if (stat.size > MAX_FILE_BYTES) return { problem: `refers to a file larger than ${MAX_FILE_BYTES} bytes` };
    const value = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    return value === '' ? { problem: 'refers to an empty file' } : { value };
  } finally {
    closeSync(file);
  }
}

/** The path without symbolic links, when it lies under one of the roots (themselves without links). */
export function realPathUnder(
  path: string,
  roots: readonly string[],
): { readonly path: string } | { readonly problem: string; readonly cause?: unknown } {
  const real = realPath(path);
  if ('problem' in real) return real;
  const isUnder = roots.some((root) => {
    const realRoot = realPath(root);
    return 'path' in realRoot && isInside(real.path, realRoot.path);
  });
  return isUnder ? real : { problem: 'lies outside the folders allowed for it' };
}

function realPath(path: string): { readonly path: string } | { readonly problem: string; readonly cause?: unknown } {
  try {
    return { path: realpathSync(path) };
  } catch (cause) {
    return { problem: 'cannot be opened', cause };
  }
}

function isInside(path: string, root: string): boolean {
  const way = relative(root, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}
