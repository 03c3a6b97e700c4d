import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { Command } from 'commander';
import { attributeForm } from '../../src/cli/attribute-forms.ts';
import { attributeOptions } from '../../src/cli/attribute-options.ts';
import { MANIFEST } from '../../src/manifest/manifest.gen.ts';

const ATTRIBUTES = Object.entries(MANIFEST.operations).flatMap(([operation, { attributes }]) =>
  Object.entries(attributes).map(([key, descriptor]) => ({ operation, key, descriptor })),
);

function parsed(operation: string, ...args: readonly string[]): Record<string, unknown> {
  const command = new Command('test').exitOverride().configureOutput({ writeErr: () => undefined });
  for (const option of attributeOptions(operation)) command.addOption(option);
  return command.parse(args, { from: 'user' }).opts();
}

function refusal(operation: string, ...args: readonly string[]): string {
  try {
    parsed(operation, ...args);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error(`${args.join(' ')} was accepted`);
}

describe('the flags of an operation', () => {
  const helps = new Map<string, string>();
  before(() => {
    for (const operation of ['check', 'preview', 'call', 'read', 'write', 'janitor']) {
      const help = execFileSync(process.execPath, ['dist/cli/main.js', operation, '--help'], { encoding: 'utf8' });
      helps.set(operation, help.replaceAll(/\s+/g, ' '));
    }
    helps.set('readToFiles', helps.get('read') ?? '');
  });

  it('are there for every attribute but these', () => {
    const listed = (kind: string): string[] =>
      ATTRIBUTES.filter(({ operation, key }) => attributeForm(operation, key).kind === kind).map(
        ({ operation, key }) => `${operation}.${key}`,
      );
    expect(listed('programOnly')).to.deep.equal(['read.batchRows']);
    expect(listed('operand')).to.deep.equal([
      'discover.schema',
      'discover.object',
      'preview.object',
      'call.procedure',
      'read.object',
      'write.object',
    ]);
  });

  for (const { operation, key, descriptor } of ATTRIBUTES) {
    const form = attributeForm(operation, key);
    if (form.kind !== 'flag') continue;
    const { default: byDefault, minimum, maximum, enum: choices } = descriptor;
    if (descriptor.type === 'boolean') {
      it(`${operation} ${form.flag} is true where it is given`, () => {
        expect(helps.get(operation)).to.include(` ${form.flag} `);
        expect(parsed(operation, form.flag)).to.deep.equal({ [key]: true });
      });
      continue;
    }
    it(`${operation} ${form.flag} has the default, the choices and the bounds of connector.json`, () => {
      const help = helps.get(operation) ?? '';
      const [, own = ''] = new RegExp(`( (?:-\\w, )?${form.flag} <.*?)(?= -\\w, --| --[a-z])`).exec(help) ?? [];
      expect(own, help).not.to.equal('');
      if (byDefault !== undefined && !Array.isArray(byDefault)) expect(own).to.include(`default: ${String(byDefault)}`);
      else expect(own).not.to.include('default:');
      for (const choice of choices ?? []) expect(own).to.include(`"${choice}"`);
      if (choices !== undefined)
        expect(refusal(operation, form.flag, 'no such choice')).to.include('Allowed choices are');
      if (descriptor.type !== 'integer') return;
      // A number of sixteen digits is no number that a person means.
      for (const bound of [minimum, Math.min(Number(maximum), 10 ** 14)]) {
        expect(parsed(operation, form.flag, String(bound))).to.deep.equal({ [key]: bound });
      }
      for (const beyond of [Number(minimum) - 1, BigInt(maximum ?? 0) + 1n, 'ten']) {
        expect(refusal(operation, form.flag, String(beyond))).to.include(`${descriptor.title} must be`);
      }
    });
  }

  it('stay away where they are not given, so that a default has one place', () => {
    for (const operation of ['check', 'preview', 'read', 'write']) expect(parsed(operation)).to.deep.equal({});
  });

  it('have a word of their own for what can be switched off', () => {
    expect(parsed('write', '--no-ledger')).to.deep.equal({ ledger: 'off' });
    expect(parsed('write', '--ledger', 'off')).to.deep.equal({ ledger: 'off' });
  });

  it('begin small, but for abbreviations', () => {
    const told = new Map(attributeOptions('readToFiles').map((option) => [option.long, option.description]));
    expect(told.get('--delimiter')).to.match(/^CSV: /);
    expect(told.get('--replace')).to.match(/^replaces /);
  });

  it('take lists, and columns to sort by with their direction', () => {
    expect(parsed('read', '--columns', 'a, b', '--order-by', 'a,-b')).to.deep.equal({
      columns: ['a', 'b'],
      orderBy: ['a', { column: 'b', descending: true }],
    });
    expect(parsed('preview', '--order-by', '-day')).to.deep.equal({ orderBy: [{ column: 'day', descending: true }] });
  });
});
