// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to secrets are written like that
import { inspect } from 'node:util';
import { expect } from 'chai';
import fc from 'fast-check';
import { ConnectorError } from '../../src/core/errors.ts';
import { MANIFEST } from '../../src/manifest/manifest.gen.ts';
import { redact } from '../../src/manifest/redact.ts';
import { resolveConnection } from '../../src/manifest/resolve.ts';
import { KEYS, PASSWORD } from './connections.ts';

const SECRETS = Object.entries(MANIFEST.connection.properties).flatMap(([key, { secret }]) => (secret ? [key] : []));
const canary = (key: string): string => `CANARY${key}0123456789`;
const CANARIES = {
  ...Object.fromEntries(SECRETS.map((key) => [key, canary(key)])),
  awsProxyUrl: `http://etl:${canary('awsProxyUrl')}@proxy.example.com:3128`,
};

/** Every way in which a value is commonly shown. */
function shownForms(value: unknown): string {
  const own = value instanceof Error ? `${value.stack} ${String(value)}` : '';
  return [inspect(value, { depth: 9, showHidden: true }), JSON.stringify(value), `${String(value)}`, own].join('\n');
}

describe('secrets', () => {
  it('of every secret option print as *** in resolved options', () => {
    for (const base of [KEYS, PASSWORD]) {
      const resolved = resolveConnection({ ...base, ...CANARIES });
      expect(shownForms(resolved)).to.not.contain('CANARY');
      expect(shownForms(resolved)).to.contain('***');
    }
  });

  it('appear in no error, whatever else is wrong', () => {
    const spoiled = Object.fromEntries(SECRETS.map((key) => [key, `${canary(key)} with a blank\0`]));
    const lists = Object.fromEntries(SECRETS.map((key) => [key, [canary(key)]]));
    for (const secrets of [CANARIES, spoiled, lists]) {
      for (const base of [{ ...KEYS, port: 0 }, { ...PASSWORD, tlsMode: 'x' }, { authType: 'assumeRole' }]) {
        try {
          resolveConnection({ ...base, ...secrets });
          expect.fail('was accepted');
        } catch (error) {
          expect(error).to.be.instanceOf(ConnectorError);
          expect(shownForms(error)).to.not.contain('CANARY');
        }
      }
    }
  });

  it('typed into any other option are not repeated either', () => {
    for (const key of Object.keys(MANIFEST.connection.properties)) {
      for (const value of ['CANARY typed here', ['CANARY typed here'], { CANARY: 1 }.constructor]) {
        try {
          const { notices } = resolveConnection({ ...KEYS, [key]: value });
          expect(notices.join('\n'), key).to.not.contain('CANARY');
        } catch (error) {
          expect(shownForms(error), key).to.not.contain('CANARY');
        }
      }
    }
  });

  it('are masked by redact, with references kept and unknown keys masked', () => {
    const shown = redact({
      ...KEYS,
      ...CANARIES,
      password: '${env:RS_PASSWORD}',
      pasword: 'CANARY misspelt',
      jdbcUrl: 'jdbc:redshift://h:5439/d?password=CANARY',
    });
    expect(shown).to.deep.include({
      host: KEYS.host,
      password: '${env:RS_PASSWORD}',
      accessKeyId: '***',
      pasword: '***',
      jdbcUrl: 'jdbc:redshift://h:5439/d',
    });
    expect(shownForms(shown)).to.not.contain('CANARY');
  });
});

describe('any input', () => {
  const keys = Object.keys(MANIFEST.connection.properties);
  const near = fc.dictionary(
    fc.oneof(fc.constantFrom(...keys), fc.string()),
    fc.oneof(fc.anything(), fc.constantFrom('assumeRole', true, false, 'default', '${env:HOME}', '')),
    { maxKeys: 12 },
  );

  it('gives options or a ConnectorError, never another failure', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          near,
          fc.anything({ withProxy: undefined, withBigInt: true, withDate: true, withMap: true } as object),
        ),
        (raw) => {
          try {
            resolveConnection(raw, { environment: {} });
          } catch (error) {
            expect(error).to.be.instanceOf(ConnectorError);
            expect((error as ConnectorError).issues.length).to.be.greaterThan(0);
          }
          expect(redact(raw)).to.be.an('object');
        },
      ),
      { numRuns: 500 },
    );
  });

  it('that throws while it is read, or is its own part, is refused', () => {
    const cyclic: Record<string, unknown> = { ...PASSWORD };
    cyclic['intermediateRoles'] = [cyclic];
    const hostile = [
      cyclic,
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error('no');
          },
        },
      ),
      {
        get username(): string {
          throw new Error('no');
        },
      },
      { dbGroups: Array.from({ length: 20_000 }, () => 'a') },
    ];
    for (const raw of hostile) expect(() => resolveConnection(raw)).to.throw(ConnectorError, /not valid/);
  });
});
