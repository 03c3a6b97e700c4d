import type { S3Client } from '@aws-sdk/client-s3';
import type { ErrorCode } from '../core/errors.ts';
import type { Run } from '../core/run.ts';

interface Answer {
  readonly ContentLength?: unknown;
  readonly $metadata?: { readonly attempts?: number };
}

/** Tells of each request of a client when its answer begins, the SDK's own repetitions counted; of no header and no body. */
export function tellRequests(
  client: S3Client,
  publish: Run['publish'],
  codeOf: (cause: unknown, action: string) => ErrorCode,
): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const action = String(context['commandName'] ?? '').replace(/Command$/, '');
      const startedMs = performance.now();
      const tell = (source: unknown, errorCode?: ErrorCode): void => {
        const { ContentLength: got, $metadata: metadata } = Object(source) as Answer;
        const { ContentLength: sent } = Object(args.input) as Answer;
        const bytes = action === 'HeadObject' ? undefined : (sent ?? got);
        publish({
          type: 'request',
          service: 's3',
          action,
          durationMs: performance.now() - startedMs,
          ...(typeof bytes === 'number' ? { bytes } : {}),
          ...(metadata?.attempts === undefined ? {} : { attempts: metadata.attempts }),
          ...(errorCode === undefined ? {} : { errorCode }),
        });
      };
      try {
        const answer = await next(args);
        tell(answer.output);
        return answer;
      } catch (error) {
        tell(error, codeOf(error, action));
        throw error;
      }
    },
    { step: 'initialize', name: 'roleshiftRequests' },
  );
}
