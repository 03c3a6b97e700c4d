import { readdirSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect } from 'chai';
import { Secret } from '../../src/core/secret.ts';
import { loadConnectionFile } from '../../src/manifest/connection-file.ts';
import { formDescription } from '../../src/manifest/form.ts';
import { resolveConnection } from '../../src/manifest/resolve.ts';

const folder = new URL('../../samples/connections/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const validate = new Ajv({ strict: false, allErrors: true, formats: { password: true } }).compile(
  formDescription().schema,
);
const environment = {
  REDSHIFT_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
  REDSHIFT_SECRET_ACCESS_KEY: 'not-a-real-secret',
  AWS_PROXY_URL: 'http://etl:not-a-real-secret@proxy.example.com:3128',
};

describe('samples/connections', () => {
  it('show every way to log in', () => {
    expect(files).to.have.length(10);
  });

  for (const name of files) {
    it(`${name} is a complete connection without a secret in it`, async () => {
      const path = new URL(name, folder).pathname;
      const loaded = await loadConnectionFile(path);
      const values = { ...loaded, ...(loaded.password === undefined ? {} : { password: new Secret('mounted') }) };
      const { notices } = resolveConnection(values, { environment });
      expect(notices).to.deep.equal([]);
    });

    it(`${name} fits the JSON Schema that editors read`, async () => {
      validate(await loadConnectionFile(new URL(name, folder).pathname));
      expect(validate.errors ?? []).to.deep.equal([]);
    });
  }
});
