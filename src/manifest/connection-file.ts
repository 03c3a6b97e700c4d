import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { type ConfigIssue, ConnectorError } from '../core/errors.ts';
import { Secret } from '../core/secret.ts';
import { issue } from './check-value.ts';
import { MANIFEST } from './manifest.gen.ts';
import type { ConnectionInput } from './options.gen.ts';
import { followReference, readReference } from './references.ts';

const MAX_FILE_BYTES = 1024 * 1024;
const MAX_DEPTH = 6;

/**
 * Reads a connection from a YAML or JSON file: at most 1 MiB, one document, no repeated keys, no aliases. Relative paths
 * and `${file:path}` are taken from the file's own folder. A file with secrets written out must be readable by its owner
 * alone. Throws `RS_CONFIG_INVALID`; the options themselves are checked by `resolveOptions`.
 */
export async function loadConnectionFile(path: string): Promise<ConnectionInput> {
  const { text, mode } = await readBounded(path);
  const values = parseConnection(path, text);
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) refuseOpenSecrets(path, values);
  return anchor(values, dirname(resolve(path)));
}

/** Parses the text of a connection file. `path` is for messages, which never repeat the text. */
function parseConnection(path: string, text: string): Readonly<Record<string, unknown>> {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    schema: 'core',
    version: '1.2',
    merge: false,
    uniqueKeys: true,
    stringKeys: true,
    prettyErrors: false,
    lineCounter: lines,
    logLevel: 'error',
  });
  const problems = [...document.errors, ...document.warnings].map(({ code, pos: [at] }) => {
    const { line, col } = lines.linePos(at);
    return `line ${line}, column ${col}: ${code.toLowerCase().replaceAll('_', ' ')}`;
  });
  if (problems.length > 0) throw unusable(path, `is not valid YAML: ${problems.slice(0, 5).join('; ')}`);

  const value = toData(path, document);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unusable(path, 'holds no options');
  checkShape(path, value, 0);
  return value as Readonly<Record<string, unknown>>;
}

function toData(path: string, document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 }) as unknown;
  } catch (cause) {
    throw unusable(path, 'uses aliases, which a connection cannot', cause);
  }
}

async function readBounded(path: string): Promise<{ readonly text: string; readonly mode: number }> {
  await using file = await openFile(path);
  const stat = await file.stat();
  if (!stat.isFile()) throw unusable(path, 'is not a plain file');
  if (stat.size > MAX_FILE_BYTES) throw unusable(path, `is larger than ${MAX_FILE_BYTES} bytes`);
  return { text: await file.readFile('utf8'), mode: stat.mode };
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    // Not blocking: opening a pipe would wait for its writer.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const isAbsent = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw unusable(path, isAbsent ? 'does not exist' : 'cannot be opened', cause);
  }
}

function checkShape(path: string, value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth >= MAX_DEPTH) throw unusable(path, 'is nested too deeply');
  if (ArrayBuffer.isView(value)) throw unusable(path, 'holds binary data');
  if (Object.hasOwn(value, '__proto__')) throw unusable(path, 'holds the key __proto__');
  for (const inner of Object.values(value)) checkShape(path, inner, depth + 1);
}

function refuseOpenSecrets(path: string, values: Readonly<Record<string, unknown>>): void {
  const issues: ConfigIssue[] = Object.entries(MANIFEST.connection.properties)
    .filter(([key, { secret }]) => secret && isWrittenOut(values[key], key))
    .map(([key, { title }]) =>
      issue(
        key,
        `${title} is written out in a file that others may read`,
        `Run chmod 600 on the file, or use a reference.`,
      ),
    );
  if (issues.length === 0) return;
  const keys = issues.map(({ path: key }) => key).join(', ');
  throw new ConnectorError('RS_CONFIG_INVALID', `The connection file ${path} may be read by others and holds ${keys}`, {
    action: `Run chmod 600 on ${path}, or use references such as \${env:NAME}.`,
    issues,
  });
}

function isWrittenOut(value: unknown, key: string): boolean {
  if (value === undefined || value === null || value === '') return false;
  if (typeof value !== 'string') return true;
  // A proxy's address is a secret for the password in it.
  if (key === 'awsProxyUrl' && !value.includes('@')) return false;
  return readReference(value, key) === undefined;
}

// A secret file that cannot be read stays a reference: whether it is needed is known only once options are resolved.
function anchor(values: Readonly<Record<string, unknown>>, directory: string): ConnectionInput {
  const anchored: Record<string, unknown> = { ...values };
  for (const [key, { secret }] of Object.entries(MANIFEST.connection.properties)) {
    const value = values[key];
    const reference = secret && typeof value === 'string' ? readReference(value, key) : undefined;
    if (reference?.scheme !== 'file') continue;
    const fileRoots = [directory, '/run/secrets', '/var/run/secrets'];
    const found = followReference(reference, { environment: {}, directory, fileRoots });
    anchored[key] = 'value' in found ? new Secret(found.value) : `\${file:${resolve(directory, reference.name)}}`;
  }
  const { caFile } = values;
  if (typeof caFile === 'string' && caFile !== '') anchored['caFile'] = resolve(directory, caFile);
  return anchored;
}

function unusable(path: string, problem: string, cause?: unknown): ConnectorError {
  return new ConnectorError('RS_CONFIG_INVALID', `The connection file ${path} ${problem}`, {
    action: 'Give a YAML or JSON file with the options of one connection.',
    ...(cause === undefined ? {} : { cause }),
  });
}
