import { expect } from 'chai';
import { childEnvironment, referencedVariables } from '../../src/cli/exec-environment.ts';

const LOGIN = { PGHOST: 'warehouse', PGPASSFILE: '/private/pgpass' };

describe('the environment of a program that gets a login', () => {
  it('has the login and what is nobody else’s', () => {
    const own = { PATH: '/bin', HOME: '/root', LANG: 'C', PG_COLOR: 'never', PSQLRC: '/rc' };
    expect(childEnvironment(own, [], LOGIN)).to.deep.equal({ ...own, ...LOGIN });
  });

  it('has no variable of AWS', () => {
    const own = { AWS_SECRET_ACCESS_KEY: 's', AWS_PROFILE: 'p', AWS_CONTAINER_AUTHORIZATION_TOKEN: 't', AWS_X: '' };
    expect(childEnvironment(own, [], LOGIN)).to.deep.equal(LOGIN);
  });

  it('has none that the connection takes a secret from', () => {
    const values = {
      secretAccessKey: `\${env:WAREHOUSE_KEY}`,
      password: `\${env:WAREHOUSE_PASSWORD}`,
      externalId: `\${file:x}`,
      port: 5439,
    };
    const names = referencedVariables(values);
    expect(names).to.deep.equal(['WAREHOUSE_KEY', 'WAREHOUSE_PASSWORD']);
    const own = { WAREHOUSE_KEY: 'a', WAREHOUSE_PASSWORD: 'b', WAREHOUSE_NAME: 'c' };
    expect(childEnvironment(own, names, {})).to.deep.equal({ WAREHOUSE_NAME: 'c' });
  });

  it('has nothing that leads libpq elsewhere or lowers TLS, and keeps how a session behaves', () => {
    const elsewhere = Object.fromEntries(
      'PGSERVICE PGSERVICEFILE PGSYSCONFDIR PGHOSTADDR PGPASSWORD PGSSLMODE PGREQUIRESSL PGSSLKEY PGSSLCRL PGKRBSRVNAME PGLOCALEDIR PGREQUIREAUTH'
        .split(' ')
        .map((name) => [name, 'x']),
    );
    const behaviour = { PGAPPNAME: 'report', PGOPTIONS: '-c a=b', PGTZ: 'UTC', PGCONNECT_TIMEOUT: '3' };
    expect(childEnvironment({ ...elsewhere, ...behaviour }, [], LOGIN)).to.deep.equal({ ...behaviour, ...LOGIN });
  });
});
