import type { AccessPlan } from '../../access/plan.ts';
import { type AwsService, serviceHost } from '../../auth/aws-call.ts';
import type { ConnectionOptions } from '../../manifest/options.gen.ts';

/** One API of AWS that this connection asks. */
export interface Service {
  readonly id: AwsService | 's3';
  readonly title: string;
  /** Of its root. */
  readonly url: URL;
  /** The option that the address comes from, where it is not AWS's own. */
  readonly override?: string;
}

/** The APIs that the plan asks, each once, in the order in which they are asked. Pure. */
export function servicesOf(
  { identity, login, aws }: AccessPlan,
  options: Pick<ConnectionOptions, 'useStaging' | 'stagingBucket' | 'stagingRegion'>,
): readonly Service[] {
  if (identity === undefined) return [];
  const issuer = login.kind === 'serverlessCredentials' ? 'redshift-serverless' : 'redshift';
  const suffix = aws.partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  const bucket = options.stagingBucket ?? '';
  const s3 = `s3.${options.stagingRegion ?? aws.region ?? 'us-east-1'}.${suffix}`;
  // The name that runs ask: the bucket goes in front, unless its dots would not fit the certificate.
  const s3Host = bucket === '' || bucket.includes('.') ? s3 : `${bucket}.${s3}`;
  const asked: readonly Service['id'][] = [
    'sts',
    ...(login.kind === 'password' ? [] : ([issuer] as const)),
    ...(options.useStaging ? (['s3'] as const) : []),
  ];
  return asked.map((id) => {
    const { title, option } = SERVICES[id];
    const given = aws[option];
    if (given !== undefined) return { id, title, url: new URL(given), override: option };
    return { id, title, url: new URL(`https://${id === 's3' ? s3Host : serviceHost(aws, id)}/`) };
  });
}

const SERVICES = {
  sts: { title: 'STS', option: 'stsEndpoint' },
  redshift: { title: 'Redshift', option: 'redshiftEndpoint' },
  'redshift-serverless': { title: 'Redshift Serverless', option: 'redshiftServerlessEndpoint' },
  s3: { title: 'S3', option: 's3Endpoint' },
} as const satisfies Record<Service['id'], { readonly title: string; readonly option: keyof AccessPlan['aws'] }>;
