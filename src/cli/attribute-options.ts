import { InvalidArgumentError, Option } from 'commander';
import { checkValue } from '../manifest/check-value.ts';
import { convertText } from '../manifest/convert-text.ts';
import type { AttributeDescriptor } from '../manifest/descriptor.ts';
import { MANIFEST } from '../manifest/manifest.gen.ts';
import { attributeForm } from './attribute-forms.ts';

/**
 * One flag for each attribute that connector.json declares for an operation: words, choices and bounds are those there.
 * A flag that is not given stays away, so that a default, which the help tells, is applied in one place: the operation.
 */
export function attributeOptions(operation: string): readonly Option[] {
  const attributes = Object.entries(MANIFEST.operations[operation]?.attributes ?? {});
  return attributes.flatMap(([key, descriptor]) => {
    const form = attributeForm(operation, key);
    if (form.kind !== 'flag') return [];
    const names = form.short === undefined ? form.flag : `${form.short}, ${form.flag}`;
    if (descriptor.type === 'boolean') return [new Option(names, describe(key, descriptor))];
    const option = new Option(`${names} <${placeholder(descriptor)}>`, describe(key, descriptor));
    if (descriptor.enum !== undefined) return [option.choices(descriptor.enum), ...withoutIt(form, descriptor)];
    return [option.argParser((text) => parse(key, descriptor, text))];
  });
}

/** `--no-ledger` is `--ledger off`. */
function withoutIt({ flag }: { readonly flag: string }, descriptor: AttributeDescriptor): readonly Option[] {
  if (!descriptor.enum?.includes('off')) return [];
  return [new Option(flag.replace('--', '--no-'), `the same as ${flag} off`).preset('off')];
}

function placeholder({ type, unit, enum: choices, multiline, items }: AttributeDescriptor): string {
  if (type === 'array') return items?.title === 'Step' ? 'steps' : 'columns';
  if (choices !== undefined) return 'choice';
  if (type === 'integer') return unit ?? 'times';
  return multiline ? 'sql' : 'text';
}

function describe(key: string, descriptor: AttributeDescriptor): string {
  const { description, type, unit, minimum, maximum } = descriptor;
  // `CSV` and its like stay as they are.
  const text = description.replace(/^[A-Z](?![A-Z])/, (first) => first.toLowerCase()).replace(/\.$/, '');
  const inUnit = unit === undefined ? '' : ` ${unit}`;
  const facts = [
    type === 'array' || type === 'boolean' || descriptor.default === undefined
      ? ''
      : `default: ${String(descriptor.default)}${inUnit}`,
    maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? '' : `${minimum} to ${maximum}`,
  ].filter((fact) => fact !== '');
  const downwards = key === 'orderBy' ? ', or downwards as -column' : '';
  return `${text}${downwards}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`;
}

function parse(key: string, descriptor: AttributeDescriptor, text: string): unknown {
  const converted = convertText(key, descriptor, text);
  const [issue] = 'issue' in converted ? [converted.issue] : checkValue(key, descriptor, converted.value);
  if (issue !== undefined) throw new InvalidArgumentError(issue.message);
  if (!('value' in converted)) return undefined;
  return key === 'orderBy' && Array.isArray(converted.value) ? converted.value.map(sortColumn) : converted.value;
}

/** `-day` sorts by day, downwards. */
function sortColumn(name: string): string | { readonly column: string; readonly descending: true } {
  return name.startsWith('-') ? { column: name.slice(1), descending: true } : name;
}
