// Compiled, never run: what index.d.ts must let through, and what it must refuse.
import { Client, DeadlineExceededError, GenledgerError, isSettled, type Submission } from 'genledger';

export async function use(client: Client): Promise<string> {
  const { submission, dedupe, requestId } = await client.submit(
    { prompt: 'x', aspect_ratio: '16:9' }, { ambiguityPolicy: 'hold', waitMs: 0, signal: AbortSignal.timeout(10) });
  const settled: Submission = await client.wait({ requestId });
  // @ts-expect-error: a typing error in a field of the spec
  await client.submit({ promt: 'x' });
  // @ts-expect-error: not a policy
  await client.submit({ prompt: 'x' }, { ambiguityPolicy: 'maybe' });
  for await (const { snapshot, event } of client.watch(submission.id)) {
    const revision: number = snapshot !== undefined ? snapshot.revision : event.revision;
    console.log(revision, dedupe, isSettled(settled));
  }
  try {
    await client.retry(submission.id, { note: 'n' });
  } catch (error) {
    if (error instanceof DeadlineExceededError || error instanceof GenledgerError) {
      return error.violations.map(({ field }) => field).join() + (error.retryAfterMs ?? 0);
    }
  }
  return settled.taskId;
}
