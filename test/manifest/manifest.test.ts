import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { expect } from 'chai';
import { checkValue } from '../../src/manifest/check-value.ts';
import { alternatives } from '../../src/manifest/conditions.ts';
import type { Manifest } from '../../src/manifest/descriptor.ts';
import { MANIFEST } from '../../src/manifest/manifest.gen.ts';
import { RULES } from '../../src/manifest/rules.ts';

const readJson = (path: string): unknown => JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'));
const { groups, properties, rules, variants } = MANIFEST.connection;
const options = Object.entries(properties);

describe('connector.json', () => {
  const ajv = new Ajv2020({ allErrors: true, strictRequired: false, strictTypes: false });
  ajvFormats.default(ajv);
  const validate = ajv.compile(readJson('schemas/connector.v1.json') as object);

  it('fits its published schema', () => {
    validate(readJson('connector.json'));
    expect(validate.errors ?? []).to.deep.equal([]);
  });

  for (const [title, spoil] of [
    ['a pattern without a message', { pattern: '^x$' }],
    ['an unknown descriptor key', { widget: 'text' }],
    ['a default of another type', { type: 'boolean', default: 'no' }],
    ['a number without bounds', { type: 'integer' }],
    ['a secret with a default', { secret: true, default: 'x' }],
    [
      'a field of a list without help',
      {
        type: 'array',
        default: [],
        items: { type: 'object', title: 'E', properties: { a: { type: 'boolean', title: 'A' } } },
      },
    ],
    ['a condition that is no list', { visibleWhen: { authType: 'password' } }],
  ] as const) {
    it(`refuses ${title}`, () => {
      const manifest = structuredClone(readJson('connector.json')) as Manifest & { connection: { properties: object } };
      const option = { type: 'string', title: 'T', description: 'D.', group: 'endpoint', order: 1, since: '0.1.0' };
      Object.assign(manifest.connection.properties, { spoiled: { ...option, ...spoil } });
      expect(validate(manifest)).to.equal(false);
    });
  }

  it('has the version of the package', () => {
    expect(MANIFEST.version).to.equal((readJson('package.json') as { version: string }).version);
  });

  it('puts every option into a group, in an order without ties', () => {
    expect(new Set(options.map(([, { group }]) => group))).to.deep.equal(new Set(groups.map(({ id }) => id)));
    const places = options.map(([, { group, order }]) => `${group} ${order}`);
    expect(new Set(places).size).to.equal(places.length);
  });

  it('gives defaults and examples that its own rules accept', () => {
    for (const [key, option] of options) {
      for (const value of [...(option.examples ?? []), ...(option.default === undefined ? [] : [option.default])]) {
        expect(checkValue(key, option, value), key).to.deep.equal([]);
      }
    }
  });

  it('names only known options in conditions, variants and rules', () => {
    const conditions = options.flatMap(([, { visibleWhen, requiredWhen }]) =>
      [visibleWhen ?? [], requiredWhen ?? []].flatMap((condition) => alternatives(condition)),
    );
    const named = [
      ...[...conditions, ...variants.map(({ when }) => when)].flatMap((condition) => Object.keys(condition)),
      ...rules.flatMap(({ fields }) => fields),
    ];
    expect(named.filter((key) => !Object.hasOwn(properties, key))).to.deep.equal([]);
  });

  it('lists each rule that the resolver has, and no other', () => {
    const elsewhere = 'endpointGiven'; // applied where the JDBC URL is read
    expect(rules.map(({ id }) => id).sort()).to.deep.equal([...Object.keys(RULES), elsewhere].sort());
  });

  it('keeps the labels of the form that users come from', () => {
    const labels = options.flatMap(([key, { legacyLabel }]) => (legacyLabel === undefined ? [] : [[key, legacyLabel]]));
    expect(Object.fromEntries(labels)).to.deep.equal({
      jdbcUrl: 'JDBC URL',
      database: 'Database Name',
      clusterIdentifier: 'Cluster Identifier',
      username: 'Username',
      password: 'Password',
      roleArn: 'Redshift IAM Role ARN',
      useEc2Role: 'Use EC2 Role to Assume Role',
      accessKeyId: 'Redshift Access Key ID',
      secretAccessKey: 'Redshift Secret Access Key',
      autoCreateDbUser: 'Auto create DBUser',
    });
    expect(properties['authType']?.enumTitles).to.deep.equal(['Default', 'Redshift IAM Authentication via AssumeRole']);
  });

  it('declares the operations with their attributes', () => {
    expect(Object.keys(MANIFEST.operations)).to.deep.equal([
      'check',
      'discover',
      'preview',
      'call',
      'read',
      'readToFiles',
      'write',
      'janitor',
    ]);
    expect(MANIFEST.operations['write']?.attributes['operation']?.enum).to.deep.equal([
      'insert',
      'update',
      'upsert',
      'replaceRow',
      'delete',
      'dataDriven',
    ]);
  });
});
