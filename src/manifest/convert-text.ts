import type { ConfigIssue } from '../core/errors.ts';
import { issue } from './check-value.ts';
import type { AttributeDescriptor } from './descriptor.ts';

/** The text as the option's own type, or why it is not one. */
export type Converted = { readonly value: unknown } | { readonly issue: ConfigIssue };

/**
 * Converts text from a flag or an environment variable by the option's type, strictly: `5439`, `true`, `a,b`, `"a, b",c`. A list of
 * objects is JSON, or its first fields separated by commas. Bounds and patterns are checked later, by `resolveOptions`.
 */
export function convertText(path: string, descriptor: AttributeDescriptor, text: string): Converted {
  const { type, title, items } = descriptor;
  const refuse = (must: string): Converted => ({
    issue: issue(path, `${title} ${must}`, `Change ${path}: it ${must}.`),
  });
  switch (type) {
    case 'string':
      return { value: text };
    case 'integer':
      return /^-?\d{1,15}$/.test(text) ? { value: Number(text) } : refuse('must be a whole number');
    case 'boolean':
      return text === 'true' || text === 'false' ? { value: text === 'true' } : refuse('must be true or false');
    case 'json': {
      const value = readJson(text);
      return value === undefined ? refuse('must be JSON') : { value };
    }
    case 'array': {
      if (items?.type === 'object' && text.trimStart().startsWith('[')) {
        const list = readJson(text);
        return list === undefined ? refuse('must be a JSON list, or values separated by commas') : { value: list };
      }
      const values = partsOf(text);
      const [first] = Object.keys(items?.properties ?? {});
      return { value: first === undefined ? values : values.map((value) => ({ [first]: value })) };
    }
  }
}

/** Between commas; a part with a comma or a blank of its own goes into double quotes, and a quote within those is doubled. */
const PART = /\s*-?"(?:[^"]|"")*"\s*(?=,|$)|[^,]+/g;
const QUOTED = /^(-?)"(.*)"$/s;

function partsOf(text: string): readonly string[] {
  const parts = (text.match(PART) ?? []).map((part) => part.trim()).filter((part) => part !== '');
  return parts.map((part) => {
    const [, sign = '', inside] = QUOTED.exec(part) ?? [];
    return inside === undefined ? part : `${sign}${inside.replaceAll('""', '"')}`;
  });
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
