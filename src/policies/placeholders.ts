/** What no connection can say, as it stands in a policy. IAM refuses it as a principal; elsewhere it fits nothing. */
const PLACEHOLDERS = {
  AGENT_ACCOUNT: ['account of the agent', 'give the ARN of its user or role (--identity-arn)'],
  AGENT_USER: ['IAM user whose access keys the connection holds', 'give its ARN (--identity-arn)'],
  AGENT_ROLE: ['role of the machine that the agent runs on', 'give its ARN (--identity-arn)'],
  AGENT_IDENTITY: ['user or role behind the profile, environment or session token', 'give its ARN (--identity-arn)'],
  WORKER_ACCOUNT: ['account of the worker nodes', 'set workerRoleArn'],
  WORKER_ROLE: ['role of the worker nodes', 'set workerRoleArn'],
  OIDC_PROVIDER: ['OIDC provider of the Kubernetes cluster, without https://', 'give it (--oidc-provider)'],
  SERVICE_ACCOUNT: ['Kubernetes service account, namespace:name', 'give it (--service-account)'],
  CLUSTER_ACCOUNT: ['account of the cluster', 'give it (--cluster-account)'],
  CLUSTER: ['identifier of the cluster', 'give it (--cluster), or set clusterIdentifier'],
  WORKGROUP: ['name of the serverless workgroup', 'set workgroup'],
  CLUSTER_DEFAULT_ROLE: ['role that the cluster has as its default', 'give its ARN (--default-copy-role)'],
  BUCKET_OWNER: ['account that owns the staging bucket', 'set stagingBucketOwner, or give it (--bucket-owner)'],
  SOURCE_BUCKET_OWNER: ['account that owns the buckets to load from', 'give it (--source-bucket-owner)'],
  WORKGROUP_ID: [
    'id of the serverless workgroup (a UUID, and not its name)',
    'give it (--workgroup-id); aws redshift-serverless get-workgroup prints it as workgroupId',
  ],
} as const satisfies Record<string, readonly [meaning: string, remedy: string]>;

export type PlaceholderName = keyof typeof PLACEHOLDERS;

/** A part that the administrator fills in. */
export interface Placeholder {
  /** As it stands in the policies: `<AGENT_ACCOUNT>`. */
  readonly text: string;
  readonly meaning: string;
  /** How to have it filled in. */
  readonly remedy: string;
}

/** `<NAME>`. */
export function placeholder(name: PlaceholderName): string {
  return `<${name}>`;
}

/** Whether a text holds a part that is still to be filled in. */
export function hasPlaceholder(text: string): boolean {
  return /<[A-Z_]+>/.test(text);
}

/** The placeholders in a text, each once. */
export function placeholdersIn(text: string): readonly Placeholder[] {
  return Object.entries(PLACEHOLDERS)
    .filter(([name]) => text.includes(`<${name}>`))
    .map(([name, [meaning, remedy]]) => ({ text: `<${name}>`, meaning, remedy }));
}
