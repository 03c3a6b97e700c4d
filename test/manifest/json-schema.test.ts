// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to secrets are written like that
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect } from 'chai';
import fc from 'fast-check';
import { formDescription } from '../../src/manifest/form.ts';
import { MANIFEST } from '../../src/manifest/manifest.gen.ts';
import { findIssues } from '../../src/manifest/resolve.ts';
import { EC2, KEYS, PASSWORD, STAGING } from './connections.ts';

const { schema, groups, order } = formDescription();
const ajv = new Ajv({ strict: false, allErrors: true, formats: { password: true } });
const validate = ajv.compile(schema);

describe('the JSON Schema of a connection', () => {
  it('is the published file', () => {
    expect(
      JSON.parse(readFileSync(new URL('../../schemas/connection.v1.json', import.meta.url), 'utf8')),
    ).to.deep.equal(schema);
  });

  for (const [title, values] of [
    ['a password', PASSWORD],
    ['access keys', KEYS],
    ['the EC2 role', EC2],
    ['staging', { ...KEYS, ...STAGING }],
    ['a JDBC URL', { jdbcUrl: 'jdbc:redshift://h:5439/d', username: 'u', password: 'p' }],
    ['secret references', { ...KEYS, accessKeyId: '${env:ID}', secretAccessKey: '${vault:a/b}' }],
  ] as const) {
    it(`accepts a connection by ${title}`, () => {
      validate(values);
      expect(validate.errors ?? []).to.deep.equal([]);
    });
  }

  it('asks for keys when the box was never touched', () => {
    const { accessKeyId: _id, ...rest } = KEYS;
    expect(validate(rest)).to.equal(false);
    expect(validate({ ...rest, useEc2Role: true })).to.equal(true);
  });

  it('marks secrets write-only, as passwords', () => {
    const text = JSON.stringify(schema);
    for (const [key, { secret }] of Object.entries(MANIFEST.connection.properties)) {
      if (secret) expect(text).to.match(new RegExp(`"${key}":\\{[^{}]*"format":"password","writeOnly":true`));
    }
  });

  it('demands what the resolver demands, in every combination of choices', () => {
    const choice = fc.record(
      {
        authType: fc.constantFrom('password', 'assumeRole'),
        useEc2Role: fc.boolean(),
        identitySource: fc.constantFrom('accessKeys', 'workerRole', 'profile', 'environment'),
        useStaging: fc.boolean(),
        loginIdentity: fc.constantFrom('agent', 'worker'),
        loginMethod: fc.constantFrom('databaseUser', 'iamIdentity'),
        workgroup: fc.constantFrom('analytics', ''),
        jdbcUrl: fc.constantFrom('jdbc:redshift://c.abc.us-west-2.redshift.amazonaws.com:5439/d', ''),
        username: fc.constant('u'),
        password: fc.constant('p'),
        roleArn: fc.constant(KEYS.roleArn),
        accessKeyId: fc.constant(KEYS.accessKeyId),
        profile: fc.constant('x'),
        copyRole: fc.constant('default'),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(choice, (values) => {
        validate(values);
        const bySchema = (validate.errors ?? []).flatMap(({ keyword, params }) =>
          keyword === 'required' ? [(params as { missingProperty: string }).missingProperty] : [],
        );
        const byResolver = findIssues(values)
          .filter(({ message }) => message.includes('missing'))
          // With an endpoint no schema knows: its name may tell a workgroup, which has no such user.
          .filter(({ path, action }) => !(path === 'username' && values.jdbcUrl && action.includes('iamIdentity')))
          .map(({ path }) => path);
        expect([...new Set(bySchema)].sort()).to.deep.equal([...new Set(byResolver)].sort());
      }),
      { numRuns: 300 },
    );
  });
});

describe('the form description', () => {
  it('lists each option once, by group and order', () => {
    expect([...order].sort()).to.deep.equal(Object.keys(MANIFEST.connection.properties).sort());
    expect(groups.map(({ id }) => id)).to.deep.equal([
      'endpoint',
      'authentication',
      'staging',
      'session',
      'network',
      'advanced',
    ]);
    expect(order.indexOf('useEc2Role')).to.be.lessThan(order.indexOf('accessKeyId'));
  });

  it('is frozen', () => {
    expect(Object.isFrozen(formDescription().schema)).to.equal(true);
  });
});
