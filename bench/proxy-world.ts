import { createWorldClock } from '../src/sandbox/clock.ts';
import type { ClusterInit } from '../src/sandbox/cluster.ts';

const absent = (): never => {
  throw new Error('The benchmark has no such part of a world');
};

/** A cluster whose only user is `bench`, outside any world. */
export function benchInit(dataDir: string): ClusterInit {
  return {
    cluster: { id: 'bench', users: [{ name: 'bench' }] },
    region: 'us-east-1',
    account: '111122223333',
    arn: 'arn:aws:redshift:us-east-1:111122223333:cluster:bench',
    service: 'redshift.amazonaws.com',
    userArnPrefix: 'arn:aws:redshift:us-east-1:111122223333:dbuser:bench',
    clock: createWorldClock(),
    logins: {
      verify: (_cluster, user) => ({
        accepted: true,
        dbUser: user,
        groups: [],
        createUser: false,
        kind: 'stored',
        superuser: false,
      }),
    },
    roles: { assumeRoleAsService: absent, principalOfKeys: absent },
    store: { headBucket: absent, head: absent, get: absent, put: absent, list: absent, delete: absent },
    faults: { add: absent, clear: absent, points: () => [], take: () => undefined },
    log: { add: () => undefined, entries: () => [] },
    dataDir,
  };
}
