import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ConnectionInput } from '../../src/manifest/options.gen.ts';
import type { DocumentKind } from '../../src/policies/document.ts';
import { type PolicyExtras, policies } from '../../src/policies/policies.ts';

// Run as a program, this writes samples/policies/; a test holds that folder against it.
const CLUSTER = '111122223333';
const OTHER = '444455556666';

interface Place {
  readonly folder: string;
  /** Account of the agent, its machine and the worker nodes. */
  readonly agent: string;
  /** Across accounts the two sides agree on an external id. */
  readonly externalId?: string;
}

const PLACES: readonly Place[] = [
  { folder: 'same-account', agent: CLUSTER },
  { folder: 'other-account', agent: OTHER, externalId: 'acme-7' },
];

interface Piece {
  readonly file: string;
  readonly title: string;
  readonly connection: ConnectionInput;
  readonly extras: (agent: string) => PolicyExtras;
  /** Which document of the set: of whom, and of what kind. */
  readonly holder: string;
  readonly kind: DocumentKind;
}

const byUser = {
  connection: {},
  extras: (agent: string): PolicyExtras => ({ identityArn: `arn:aws:iam::${agent}:user/etl-agent` }),
};
const byWorker = {
  connection: { loginIdentity: 'worker' } as const,
  extras: (): PolicyExtras => ({ mode: 'advanced' }),
};
const byMachine = {
  connection: { useEc2Role: true },
  extras: (agent: string): PolicyExtras => ({ identityArn: `arn:aws:iam::${agent}:role/AgentMachine` }),
};

const PIECES: readonly Piece[] = [
  {
    file: '1-user-may-assume',
    title: 'The IAM user may assume the Redshift role',
    ...byUser,
    holder: 'etl-agent',
    kind: 'permissions',
  },
  {
    file: '2-redshift-role-trusts-user',
    title: 'The Redshift role trusts that user',
    ...byUser,
    holder: 'RedshiftLogin',
    kind: 'trust',
  },
  {
    file: '3-redshift-role-trusts-worker-nodes',
    title: 'The Redshift role trusts the role of the worker nodes (advanced mode)',
    ...byWorker,
    holder: 'RedshiftLogin',
    kind: 'trust',
  },
  {
    file: '4-worker-nodes-may-assume',
    title: 'The role of the worker nodes may assume the Redshift role',
    ...byWorker,
    holder: 'WorkerNode',
    kind: 'permissions',
  },
  {
    file: '5-redshift-role-existing-user',
    title: 'Least permissions of the Redshift role, the database user exists',
    ...byUser,
    holder: 'RedshiftLogin',
    kind: 'permissions',
  },
  {
    file: '6-redshift-role-created-user',
    title: 'The same with Auto create DBUser',
    ...byUser,
    connection: { autoCreateDbUser: true },
    holder: 'RedshiftLogin',
    kind: 'permissions',
  },
  {
    file: '7-ec2-role-trust',
    title: 'EC2 hands the role to its machine',
    ...byMachine,
    holder: 'AgentMachine',
    kind: 'trust',
  },
  {
    file: '8-ec2-role-may-assume',
    title: 'The EC2 role may assume the Redshift role, and nothing on Redshift itself',
    ...byMachine,
    holder: 'AgentMachine',
    kind: 'permissions',
  },
  {
    file: '9-redshift-role-trusts-ec2-role',
    title: 'The Redshift role trusts the EC2 role',
    ...byMachine,
    holder: 'RedshiftLogin',
    kind: 'trust',
  },
];

function connectionOf(piece: Piece, { agent, externalId }: Place): ConnectionInput {
  return {
    host: 'warehouse.abc123.us-west-2.redshift.amazonaws.com',
    database: 'dev',
    authType: 'assumeRole',
    username: 'etl',
    roleArn: `arn:aws:iam::${CLUSTER}:role/RedshiftLogin`,
    ...(externalId === undefined ? {} : { externalId }),
    ...(piece.connection.loginIdentity === 'worker' ? { workerRoleArn: `arn:aws:iam::${agent}:role/WorkerNode` } : {}),
    ...piece.connection,
  };
}

/** The nine documents, for the same and for another account, and the page that says where each goes. */
export function workedExample(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const place of PLACES) {
    for (const piece of PIECES) {
      const set = policies(connectionOf(piece, place), piece.extras(place.agent));
      const found = set.documents.find(({ holder, kind }) => holder.name === piece.holder && kind === piece.kind);
      if (found === undefined) throw new Error(`No ${piece.kind} of ${piece.holder}`);
      files.set(`${place.folder}/${piece.file}.json`, `${JSON.stringify(found.document, null, 2)}\n`);
    }
  }
  files.set('README.md', readme());
  return files;
}

function readme(): string {
  const place = (kind: DocumentKind): string => (kind === 'trust' ? 'trust policy of' : 'permissions of');
  return [
    '# The nine policies of a login by role, worked out',
    '',
    `A cluster \`warehouse\` in account ${CLUSTER}, region us-west-2, database \`dev\`, database user \`etl\`, Redshift role`,
    `\`RedshiftLogin\`. The agent is the IAM user \`etl-agent\`, or an EC2 machine with the role \`AgentMachine\`; worker nodes`,
    'run as `WorkerNode`. In `same-account/` these live in the account of the cluster; in `other-account/` in',
    `${OTHER}, and the two sides have agreed on the external id \`acme-7\`.`,
    '',
    '| | Document | Becomes |',
    '|---|---|---|',
    ...PIECES.map(({ file, title, holder, kind }, index) => {
      const links = PLACES.map(({ folder }) => `[${folder.split('-')[0]}](${folder}/${file}.json)`).join(', ');
      return `| ${index + 1} | ${title}: ${links} | ${place(kind)} \`${holder}\` |`;
    }),
    '',
    'A role has one trust policy: 2, 3 and 9 are three statements of the same document where all three log in. In one account',
    "2, 3 or 9 alone let the caller in, since they name it; 1, 4 and 8 are there so that the caller's side says so as well.",
    '',
    'The same for your own connection, with staging, COPY and what else it uses: `roleshift policies -c FILE`, see',
    '[docs/iam](../../docs/iam/README.md). These files are written by the generator, and a test keeps them equal to it.',
    '',
  ].join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const folder = fileURLToPath(new URL('../../samples/policies/', import.meta.url));
  for (const { folder: each } of PLACES) mkdirSync(`${folder}${each}`, { recursive: true });
  for (const [name, content] of workedExample()) writeFileSync(folder + name, content);
}
