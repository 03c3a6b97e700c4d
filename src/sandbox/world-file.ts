import { open } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import { type ConfigIssue, ConnectorError } from '../core/errors.ts';
import type { World } from './world.ts';
import { worldProblems } from './world-rules.ts';

const MAX_FILE_BYTES = 4 * 1024 * 1024;

let validate: ValidateFunction<World> | undefined;

function validator(): ValidateFunction<World> {
  if (validate) return validate;
  const schema = createRequire(import.meta.url)('../../schemas/world.v1.json') as object;
  validate = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true }).compile<World>(schema);
  return validate;
}

/** `/accounts/0/roles/1/trust` as a person would write it: `accounts[0].roles[1].trust`. */
const dotted = (pointer: string): string =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : path === '' ? part : `${path}.${part}`), '');

function issueOf({ instancePath, keyword, message = 'is wrong', params }: ErrorObject): ConfigIssue {
  const path = dotted(instancePath) || 'world';
  const facts: Readonly<Record<string, unknown>> = params;
  if (keyword === 'additionalProperties') {
    const name = String(facts['additionalProperty']);
    return {
      path: `${path}.${name}`,
      message: `"${name}" is not known here`,
      action: 'Remove it, or correct its spelling.',
    };
  }
  if (keyword === 'required') {
    const name = String(facts['missingProperty']);
    return { path: `${path}.${name}`, message: `"${name}" is missing`, action: `Add ${name}.` };
  }
  const allowed = facts['allowedValues'];
  const rule = Array.isArray(allowed) ? `must be one of ${allowed.join(', ')}` : message;
  return { path, message: rule, action: 'See schemas/world.v1.json.' };
}

function invalid(source: string, issues: readonly ConfigIssue[]): ConnectorError {
  const list = issues.map(({ path, message }) => `\n  ${path}: ${message}`).join('');
  return new ConnectorError('RS_CONFIG_INVALID', `${source} is not a usable sandbox world:${list}`, { issues });
}

/** The value as a world. Throws `RS_CONFIG_INVALID` with every problem and its path, which `locate` may say more about. */
export function checkWorld(
  value: unknown,
  source = 'The value',
  locate: (path: string) => string = (path) => path,
): World {
  const refuse = (issues: readonly ConfigIssue[]) =>
    invalid(
      source,
      issues.map((issue) => ({ ...issue, path: locate(issue.path) })),
    );
  const check = validator();
  if (!check(value)) {
    // Of a failed choice ajv tells every branch: the choice itself says no more.
    const errors = (check.errors ?? []).filter(({ keyword }) => keyword !== 'oneOf');
    throw refuse((errors.length > 0 ? errors : (check.errors ?? [])).map(issueOf));
  }
  const problems = worldProblems(value);
  if (problems.length > 0) throw refuse(problems);
  return value;
}

/** `line 12, accounts[0].roles[1].trust`: where the deepest part of the path that the file has begins. */
function located(document: Document, lines: LineCounter, path: string): string {
  const keys = path.split(/[.[\]]+/).filter((key) => key !== '');
  for (let length = keys.length; length > 0; length--) {
    const node = document.getIn(keys.slice(0, length), true);
    if (isNode(node) && node.range) return `line ${lines.linePos(node.range[0]).line}, ${path}`;
  }
  return path;
}

/** Reads and checks a world file (YAML or JSON). Throws `RS_CONFIG_INVALID`. */
export async function readWorldFile(path: string): Promise<World> {
  const text = await readBounded(path);
  const lines = new LineCounter();
  const document = parseDocument(text, { schema: 'core', uniqueKeys: true, lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const issues = document.errors.map(({ message, pos: [at] }) => {
      const { line, col } = lines.linePos(at);
      return { path: `line ${line}, column ${col}`, message, action: 'Correct the YAML.' };
    });
    throw invalid(path, issues);
  }
  return checkWorld(document.toJS({ maxAliasCount: 100 }), path, (at) => located(document, lines, at));
}

async function readBounded(path: string): Promise<string> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    if (size > MAX_FILE_BYTES) throw new RangeError(`larger than ${MAX_FILE_BYTES} bytes`);
    return await file.readFile('utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConnectorError('RS_CONFIG_INVALID', `The world file ${path} cannot be read: ${reason}`, {
      cause,
      action: 'Name an existing world file, such as samples/worlds/standard.yaml.',
    });
  }
}
