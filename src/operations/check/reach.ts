import type { AwsTarget } from '../../access/plan.ts';
import type { Run } from '../../core/run.ts';
import type { Connection } from '../connection.ts';
import { clockTask } from './clock.ts';
import { type Probed, probe } from './probe.ts';
import { type Service, servicesOf } from './services.ts';
import type { CheckTask, Finding } from './tasks.ts';

/** Reach of each API of AWS that this connection asks, and the clock, which their answers tell. None where AWS is not asked. */
export function reachTasks({ access, options }: Connection, run: Run): readonly CheckTask[] {
  const services = servicesOf(access.plan, options);
  if (services.length === 0) return [];
  const answers: Probed[] = [];
  const ids = services.map(({ id }) => `reach:${id}`);
  return [
    ...services.map((service, index) => ({
      id: ids[index] ?? '',
      title: `Reach ${service.title}`,
      needs: ['options'],
      attempt: async () => {
        const answer = await probe(service.url, access.plan.aws, run);
        answers.push(answer);
        return reachFinding(service, answer, access.plan.aws);
      },
    })),
    clockTask(answers, ids),
  ];
}

/** Pure. */
export function reachFinding(
  { url, override }: Service,
  { address, issuer, isProxied, durationMs }: Probed,
  aws: AwsTarget,
): Finding {
  const host = url.port === '' ? url.hostname : url.host;
  const facts = [
    address === undefined || address === url.hostname ? host : `${host} at ${address}`,
    ...(override === undefined ? [] : [`as ${override} says`]),
    ...(isProxied ? ['through the proxy'] : []),
    `answers in ${durationMs} ms`,
  ];
  return { evidence: facts.join(', '), warning: interception(url, issuer, aws) };
}

/** AWS's own endpoints outside of China carry Amazon's certificates: another issuer that is trusted here is somebody in between. */
function interception({ hostname }: URL, issuer: string | undefined, { partition }: AwsTarget): string | undefined {
  const isAmazons = hostname.endsWith('.amazonaws.com') && partition !== 'aws-cn';
  if (!isAmazons || issuer === undefined || /amazon/i.test(issuer)) return undefined;
  return `The certificate is issued by ${issuer} and not by Amazon: something on the way ends TLS and reads the calls`;
}
