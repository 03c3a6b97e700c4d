import type { ConfigIssue } from '../core/errors.ts';
import type { AttributeDescriptor, ItemDescriptor, ItemPropertyDescriptor } from './descriptor.ts';

const regexps = new Map<string, RegExp>();

/** Whether the whole text fits the manifest's pattern. */
export function fits(pattern: string, text: string): boolean {
  const regexp = regexps.get(pattern) ?? new RegExp(pattern, 'u');
  regexps.set(pattern, regexp);
  return regexp.test(text);
}

/** Everything wrong with one value by its descriptor alone. The value itself is never part of a message. */
export function checkValue(path: string, descriptor: AttributeDescriptor, value: unknown): readonly ConfigIssue[] {
  const problem = problemOf(descriptor, value);
  if (problem !== undefined) return [issue(path, `${descriptor.title} ${problem}`, `Change ${path}: it ${problem}.`)];
  if (!descriptor.items || !Array.isArray(value)) return [];
  return checkItems(path, descriptor.items, value);
}

function problemOf(descriptor: AttributeDescriptor, value: unknown): string | undefined {
  switch (descriptor.type) {
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'must be true or false';
    case 'integer':
      return integerProblem(descriptor, value);
    case 'string':
      return typeof value === 'string' ? textProblem(descriptor, value) : 'must be text: in a file, put it in quotes';
    case 'array':
      return arrayProblem(value);
    case 'json':
      return typeof value === 'object' && value !== null ? undefined : 'must be a structure: on a command line, JSON';
  }
}

function integerProblem(
  { minimum, maximum, unit }: Pick<AttributeDescriptor, 'minimum' | 'maximum' | 'unit'>,
  value: unknown,
): string | undefined {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) return 'must be a whole number';
  const isLow = minimum !== undefined && value < minimum;
  const isHigh = maximum !== undefined && value > maximum;
  if (!isLow && !isHigh) return undefined;
  return `must be between ${minimum} and ${maximum}${unit === undefined ? '' : ` ${unit}`}`;
}

function textProblem(descriptor: AttributeDescriptor, value: string): string | undefined {
  const {
    enum: accepted,
    maxLength,
    pattern,
    multiline,
    patternMessage = 'has a form that is not accepted',
  } = descriptor;
  if (accepted && !accepted.includes(value)) return `must be one of ${accepted.join(', ')}`;
  if (maxLength !== undefined && value.length > maxLength) return `must have at most ${maxLength} characters`;
  if (value.includes('\0')) return 'must not hold a NUL character';
  if (pattern !== undefined && !multiline && value !== value.trim() && fits(pattern, value.trim())) {
    return 'must not begin or end with blanks';
  }
  return pattern === undefined || fits(pattern, value) ? undefined : patternMessage;
}

const MAX_ITEMS = 100;

function arrayProblem(value: unknown): string | undefined {
  if (!Array.isArray(value)) return 'must be a list';
  return value.length > MAX_ITEMS ? `must have at most ${MAX_ITEMS} elements` : undefined;
}

function checkItems(path: string, items: ItemDescriptor, values: readonly unknown[]): readonly ConfigIssue[] {
  const issues = values.flatMap((value, index) => checkItem(`${path}[${index}]`, items, value));
  const texts = values.filter((value) => typeof value === 'string');
  if (new Set(texts).size < texts.length) {
    issues.push(issue(path, `${items.title} is listed twice`, `Remove the repetition from ${path}.`));
  }
  return issues;
}

function checkItem(path: string, { type, title, pattern, patternMessage, properties }: ItemDescriptor, value: unknown) {
  if (type === 'object') return checkFields(path, title, properties ?? {}, value);
  if (typeof value !== 'string') return [issue(path, `${title} must be text`, `Change ${path} to text.`)];
  if (value === '') return [issue(path, `${title} is empty`, `Remove ${path} or fill it in.`)];
  if (pattern === undefined || fits(pattern, value)) return [];
  return [issue(path, `${title} ${patternMessage}`, `Change ${path}: it ${patternMessage}.`)];
}

function checkFields(
  path: string,
  title: string,
  properties: NonNullable<ItemDescriptor['properties']>,
  value: unknown,
): readonly ConfigIssue[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const fields = Object.keys(properties).join(', ');
    return [issue(path, `${title} must be an object with ${fields}`, `Change ${path} to an object with ${fields}.`)];
  }
  const fields = value as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(fields).filter((key) => !Object.hasOwn(properties, key));
  return [
    ...unknown.map((key) =>
      issue(`${path}.${shown(key)}`, `${title} has no such field`, `Remove ${path}.${shown(key)}.`),
    ),
    ...Object.entries(properties).flatMap(([key, property]) => {
      const field = fields[key];
      const at = `${path}.${key}`;
      if (field === undefined || field === null || field === '') {
        return property.required ? [issue(at, `${property.title} is missing`, `Set ${at}.`)] : [];
      }
      return checkField(at, property, field);
    }),
  ];
}

function checkField(at: string, property: ItemPropertyDescriptor, field: unknown): readonly ConfigIssue[] {
  const problem = fieldProblem(property, field);
  if (problem !== undefined) return [issue(at, `${property.title} ${problem}`, `Change ${at}: it ${problem}.`)];
  return property.type === 'array' && Array.isArray(field) ? checkItems(at, property.items, field) : [];
}

function fieldProblem(property: ItemPropertyDescriptor, field: unknown): string | undefined {
  switch (property.type) {
    case 'string':
      return typeof field === 'string' && fits(property.pattern, field) ? undefined : property.patternMessage;
    case 'integer':
      return integerProblem(property, field);
    case 'boolean':
      return typeof field === 'boolean' ? undefined : 'must be true or false';
    case 'array':
      return arrayProblem(field);
  }
  return property satisfies never;
}

/** A key as a message may show it: bounded, and without control characters. */
export function shown(key: string): string {
  const text = key.replace(/[^\x20-\x7e]/g, '?');
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

export function issue(path: string, message: string, action: string): ConfigIssue {
  return { path, message, action };
}
