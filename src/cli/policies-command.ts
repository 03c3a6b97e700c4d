import { Argument, type Command, Option } from 'commander';
import type { PoliciesCommand } from './policies.ts';
import type { CommandContext } from './program.ts';

type Action = (...call: unknown[]) => Promise<void>;
type Run = (
  body: (options: PoliciesCommand, context: CommandContext, ...operands: string[]) => Promise<number>,
) => Action;

/** Declares `roleshift policies`; its work is imported when it is asked for. */
export function addPoliciesCommand(program: Command, run: Run, common: readonly Option[]): void {
  const command = program
    .command('policies')
    .summary('print the IAM policies that a connection needs, or verify the ones that exist')
    .description(
      'Prints the IAM policies that a connection needs, one for each user, role and bucket; asks nobody and needs no secret, unless --resolve is given. ' +
        'With verify: compares them with what exists, by what it allows.',
    )
    .addArgument(new Argument('[verify]', 'compare with --actual instead of printing').choices(['verify']));
  for (const option of common) command.addOption(option);
  command
    .optionsGroup('What comes out:')
    .addOption(
      new Option('--format <format>', 'form of the policies')
        .choices(['json', 'terraform', 'cloudformation', 'cli'])
        .default('json'),
    )
    .addOption(new Option('--output <folder>', 'write files and a README there instead of printing'))
    .addOption(new Option('--explain', 'the reason for each statement, and its AWS page'))
    .addOption(
      new Option(
        '--strict',
        'fail when a part is unknown or a session policy takes a right away; with verify, also when more is allowed than needed',
      ),
    )
    .addOption(new Option('--actual <path>', 'with verify: a file or folder with the policies that exist'))
    .optionsGroup('Parts that the connection does not say:')
    .addOption(
      new Option('--resolve', "ask AWS for the unknown parts, as the connection's own identity; needs its secrets"),
    )
    .addOption(new Option('--identity-arn <arn>', 'user or role behind the access keys, profile or machine'))
    .addOption(
      new Option('--mode <mode>', 'advanced: the worker nodes log in as well').choices(['standard', 'advanced']),
    )
    .addOption(new Option('--machine <kind>', 'what the agent runs on (default: ec2)').choices(MACHINES))
    .addOption(new Option('--worker-machine <kind>', 'what the worker nodes run on (default: ec2)').choices(MACHINES))
    .addOption(new Option('--oidc-provider <issuer>', 'for irsa: the issuer, without https://'))
    .addOption(new Option('--service-account <name>', 'for irsa: namespace:name'))
    .addOption(new Option('--workgroup-id <uuid>', 'id of the serverless workgroup, as get-workgroup prints it'))
    .addOption(new Option('--cluster <identifier>', 'the cluster that a custom domain name stands for'))
    .addOption(new Option('--cluster-account <account>', 'account of the cluster, for a login by password'))
    .addOption(new Option('--default-copy-role <arn>', 'the role that copyRole: default means'))
    .addOption(new Option('--bucket-owner <account>', 'account of the bucket, where stagingBucketOwner is not set'))
    .addOption(new Option('--source <address...>', 'what writes load from S3: s3://bucket/key, or s3://bucket/folder/'))
    .addOption(new Option('--source-bucket-owner <account>', 'account of the buckets of --source'))
    .optionsGroup('Tighter than needed:')
    .addOption(new Option('--copy-for-user-only', 'the COPY role serves this database user only'))
    .addOption(new Option('--pin-source-arn', 'the COPY role serves this cluster only (aws:SourceArn)'))
    .addOption(new Option('--pin-source-account', 'the COPY role serves this account only (aws:SourceAccount)'))
    .addOption(new Option('--pin-db-user', 'the login is for this database user (redshift:DbUser)'))
    .addOption(new Option('--pin-session-name', 'the login is for the user that the role session is named after'))
    .addHelpText('after', EXAMPLES)
    .action(
      run(async (options, context, verify) =>
        (await import('./policies.ts')).policiesCommand(options, context, verify),
      ),
    );
}

const MACHINES = ['ec2', 'ecs', 'eks', 'irsa'];

const EXAMPLES = `
Examples:
  roleshift policies -c warehouse.yaml --identity-arn arn:aws:iam::111122223333:user/etl-agent
  roleshift policies -c warehouse.yaml --format terraform --output ./iam --explain
  roleshift policies -c warehouse.yaml --resolve --strict --format cli --output ./iam
  aws iam get-account-authorization-details > actual.json
  roleshift policies verify -c warehouse.yaml --identity-arn arn:aws:iam::111122223333:user/etl-agent --actual actual.json`;
