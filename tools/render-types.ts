import type { ItemDescriptor, ItemPropertyDescriptor, Manifest, OptionDescriptor } from '../src/manifest/descriptor.ts';

const BANNER = '// Generated from connector.json by tools/generate.ts. Do not edit.\n';

/** The manifest as a module: needs no file access at run time, so bundlers and `--help` stay cheap. */
export function renderManifestModule(manifest: Manifest): string {
  return `${BANNER}import type { Manifest } from './descriptor.ts';

/** connector.json as data, shared attributes in their places. */
export const MANIFEST: Manifest = ${JSON.stringify(manifest, null, 2)};
`;
}

/** `ConnectionInput` as a person writes it, and `ConnectionOptions` as the code below receives it. */
export function renderOptionTypes({ connection }: Manifest): string {
  const entries = Object.entries(connection.properties);
  return `${BANNER}import type { Secret } from '../core/secret.ts';

/** A connection as a person, a form or a program writes it. Secrets may be references: \`\${env:NAME}\`, \`\${file:path}\`. */
export interface ConnectionInput {
${entries.map(([key, option]) => `${doc(option)}  readonly ${key}?: ${inputType(option)} | undefined;\n`).join('')}}

/** A connection with defaults filled in, checked, and its secrets wrapped. Frozen. */
export interface ConnectionOptions {
${entries.map(([key, option]) => `${doc(option)}  readonly ${key}${isAlwaysThere(key, option) ? '' : '?'}: ${resolvedType(option)};\n`).join('')}}

/** Key of an option. */
export type OptionKey = keyof ConnectionOptions;

/** Keys whose values are \`Secret\`. */
export type SecretKey = ${entries
    .filter(([, option]) => option.secret)
    .map(([key]) => `'${key}'`)
    .join(' | ')};
`;
}

function doc({ description, unit, default: value }: OptionDescriptor): string {
  const facts = [
    ...(unit === undefined ? [] : [`In ${unit}.`]),
    ...(value === undefined ? [] : [`Default: \`${JSON.stringify(value)}\`.`]),
  ];
  return `  /** ${[description, ...facts].join(' ')} */\n`;
}

/** Not `required` in the manifest because another option can fill it in, but never absent once resolved. */
const ENSURED_BY_RULES: ReadonlySet<string> = new Set(['database']);

function isAlwaysThere(key: string, { required, default: value }: OptionDescriptor): boolean {
  return required === true || value !== undefined || ENSURED_BY_RULES.has(key);
}

function inputType(option: OptionDescriptor): string {
  return option.secret ? 'string | Secret' : plainType(option);
}

function resolvedType(option: OptionDescriptor): string {
  return option.secret ? 'Secret' : plainType(option);
}

function plainType({ type, enum: values, items }: OptionDescriptor): string {
  switch (type) {
    case 'integer':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'string':
      return values ? values.map((value) => `'${value}'`).join(' | ') : 'string';
    case 'array':
      return `readonly ${items ? itemType(items) : 'string'}[]`;
    case 'json':
      return 'unknown';
  }
}

function itemType({ type, properties = {} }: ItemDescriptor): string {
  if (type === 'string') return 'string';
  const fields = Object.entries(properties).map(
    ([key, field]) => `readonly ${key}${field.required ? '' : '?'}: ${fieldType(field)}`,
  );
  return `{ ${fields.join('; ')} }`;
}

function fieldType(field: ItemPropertyDescriptor): string {
  switch (field.type) {
    case 'string':
      return 'string';
    case 'integer':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'array':
      return `readonly ${itemType(field.items)}[]`;
  }
  return field satisfies never;
}
