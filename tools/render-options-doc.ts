import { attributeForm } from '../src/cli/attribute-forms.ts';
import { alternatives } from '../src/manifest/conditions.ts';
import type {
  AttributeDescriptor,
  Conditions,
  ItemDescriptor,
  ItemPropertyDescriptor,
  Manifest,
  OptionDescriptor,
} from '../src/manifest/descriptor.ts';

/** docs/options.md: every option of a connection and every attribute of an operation. */
export function renderOptionsDoc({ connection, operations, displayName, version }: Manifest): string {
  const { groups, properties, rules } = connection;
  const sections = groups.map(({ id, title }) => {
    const options = Object.entries(properties).filter(([, { group }]) => group === id);
    return [`## ${title}\n`, ...options.map(([key, option]) => renderOption(key, option))].join('\n');
  });
  return `<!-- Generated from connector.json by tools/generate.ts. Do not edit. -->
# Options of a connection to ${displayName}

Version ${version}. A connection is a flat object, in YAML, JSON or code. Unknown keys are errors. Empty values count as
not given. Options whose condition does not hold are ignored, and it is said.

Secrets may be written as references: \`\${env:NAME}\` reads an environment variable, \`\${file:path}\` a file in the folder
of the connection file, \`/run/secrets\` or \`/var/run/secrets\`. Under a host platform the host alone resolves references.

${renderSummary(manifestRows(properties))}
${sections.join('\n')}
## Rules across options

${rules.map(({ fields, message }) => `- ${fields.map((key) => `\`${key}\``).join(', ')}: ${message}`).join('\n')}

## Operations

In parentheses: how an attribute is given to the command of the operation's name.

${Object.entries(operations)
  .map(([key, { title, description, attributes }]) => renderOperation(key, title, description, attributes))
  .join('\n')}`;
}

function manifestRows(properties: Manifest['connection']['properties']): readonly (readonly string[])[] {
  return Object.entries(properties).map(([key, option]) => [
    `[\`${key}\`](#${key.toLowerCase()})`,
    escapeCell(option.title),
    option.secret ? 'secret' : option.type,
    option.default === undefined ? '' : `\`${JSON.stringify(option.default)}\``,
  ]);
}

function renderSummary(rows: readonly (readonly string[])[]): string {
  const lines = [['Key', 'Title', 'Type', 'Default'], ['---', '---', '---', '---'], ...rows];
  return `${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}

function renderOption(key: string, option: OptionDescriptor): string {
  const facts = [
    ...attributeFacts(option),
    ...(option.secret ? ['Secret: shown as `***` everywhere.'] : []),
    ...(option.required ? ['Required.'] : []),
    ...(option.visibleWhen ? [`Used when ${renderConditions(option.visibleWhen)}.`] : []),
    ...(option.requiredWhen ? [`Required when ${renderConditions(option.requiredWhen)}.`] : []),
    ...(option.legacyLabel ? [`Known elsewhere as *${option.legacyLabel}*.`] : []),
    `Since ${option.since}.`,
  ];
  const fields = renderFields(option.items);
  const lines = facts.map((fact) => `- ${fact}`);
  return `### ${key}\n\n**${option.title}.** ${option.description}\n\n${[...lines, ...fields].join('\n')}\n`;
}

/** What each element of a list of objects holds. */
function renderFields(items: ItemDescriptor | undefined, indent = ''): readonly string[] {
  const fields = Object.entries(items?.properties ?? {});
  if (fields.length === 0) return [];
  return [
    `${indent}- Each holds:`,
    ...fields.flatMap(([key, field]) => [
      `${indent}  - \`${key}\`${field.required ? ' (required)' : ''}: ${field.description}${fieldFacts(field)}`,
      ...(field.type === 'array' ? renderFields(field.items, `${indent}    `) : []),
    ]),
  ];
}

function fieldFacts(field: ItemPropertyDescriptor): string {
  switch (field.type) {
    case 'string':
      return ` It ${field.patternMessage}.`;
    case 'integer':
      return ` From ${field.minimum} to ${field.maximum}${field.unit === undefined ? '' : ` ${field.unit}`}.`;
    case 'boolean':
      return ' `true` or `false`.';
    case 'array':
      return ' A list.';
  }
  return field satisfies never;
}

function renderOperation(
  key: string,
  title: string,
  description: string,
  attributes: Readonly<Record<string, AttributeDescriptor>>,
): string {
  const lines = Object.entries(attributes).map(([name, attribute]) => {
    const facts = attributeFacts(attribute).join(' ');
    return `- \`${name}\` (${onCommandLine(key, name)}): ${attribute.description}${attribute.required ? ' Required.' : ''}${facts === '' ? '' : ` ${facts}`}`;
  });
  return `### ${key}\n\n**${title}.** ${description}\n${lines.length === 0 ? '' : `\n${lines.join('\n')}\n`}`;
}

function onCommandLine(operation: string, name: string): string {
  const form = attributeForm(operation, name);
  switch (form.kind) {
    case 'flag':
      return `\`${form.short ?? form.flag}\`${form.short === undefined ? '' : ` or \`${form.flag}\``}`;
    case 'operand':
      return 'in its place';
    case 'programOnly':
      return 'from a program only';
  }
}

function attributeFacts(attribute: AttributeDescriptor): readonly string[] {
  const { minimum, maximum, unit, maxLength, examples, patternMessage } = attribute;
  const inUnit = unit === undefined ? '' : ` ${unit}`;
  return [
    ...(attribute.default === undefined ? [] : [`Default: \`${JSON.stringify(attribute.default)}\`${inUnit}.`]),
    ...(attribute.enum
      ? [`One of ${attribute.enum.map((value, index) => choice(value, attribute.enumTitles?.[index])).join(', ')}.`]
      : []),
    ...(minimum === undefined ? [] : [`From ${minimum} to ${maximum}${inUnit}.`]),
    ...(maxLength === undefined ? [] : [`At most ${maxLength} characters.`]),
    ...(patternMessage === undefined ? [] : [`It ${patternMessage}.`]),
    ...(attribute.items?.patternMessage === undefined ? [] : [`Each ${attribute.items.patternMessage}.`]),
    ...(examples
      ? [
          `Example: ${examples.map((example) => `\`${typeof example === 'string' ? example : JSON.stringify(example)}\``).join(', ')}.`,
        ]
      : []),
  ];
}

function choice(value: string, title: string | undefined): string {
  return title === undefined ? `\`${value}\`` : `\`${value}\` (${title})`;
}

function renderConditions(conditions: Conditions): string {
  return alternatives(conditions)
    .map((condition) =>
      Object.entries(condition)
        .map(
          ([key, accepted]) =>
            `\`${key}\` is ${accepted.map((value) => (value === null ? 'not given' : `\`${value}\``)).join(' or ')}`,
        )
        .join(' and '),
    )
    .join(', or when ');
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|');
}
