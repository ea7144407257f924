// Works with the generated types: node client.mjs URL
import createClient from 'openapi-fetch';
import type { components, paths } from '../../target/contract/api';

declare const process: { argv: string[] };

const baseUrl = process.argv[2];
if (baseUrl === undefined) throw new Error('say where the server is');
const client = createClient<paths>({ baseUrl });

type Problem = components['schemas']['Problem'];
interface Answer<T> { data?: T; error?: Problem; response: Response }

/** What was answered, with this status. */
function expect<T>(status: number, { data, error, response }: Answer<T>): T {
  check(response.status === status, `${response.url}: ${response.status} ${error?.detail ?? ''}`);
  return data as T;
}

function check(holds: boolean, words: string): void {
  if (!holds) throw new Error(words);
}

const agent: components['schemas']['NewAgent'] = { name: 'typescript-worker', concurrency: 1 };
expect(201, await client.POST('/api/agents', { body: agent }));

const body: components['schemas']['NewTask'] = {
  description: 'Count the words', labels: ['typescript'], priority: 'high', agent: agent.name, metadata: { deep: [1, null] },
};
const task = expect(201, await client.POST('/api/tasks', { body }));
const listed = expect(200, await client.GET('/api/tasks', {
  params: { query: { status: ['pending', 'running'], label: 'typescript', limit: 10 } },
}));
check(listed.length === 1 && listed[0]?.id === task.id && listed[0].error === null, 'the list has the task');

const claim = expect(200, await client.POST('/api/agents/{name}/claim', {
  params: { path: { name: agent.name }, query: { wait: 5 } },
}));
if (claim?.task.id !== task.id) throw new Error('the task was not claimed');
const report = (change: components['schemas']['TaskChange']) =>
  client.PATCH('/api/tasks/{id}', {
    params: { path: { id: task.id }, header: { Lease: claim.lease.id } }, body: change,
  });
const half = expect(200, await report({ progress: 0.5, message: 'half way' }));
check(half.progress === 0.5, 'the progress was stored');
const logs = await client.POST('/api/tasks/{id}/logs', {
  params: { path: { id: task.id }, header: { Lease: claim.lease.id } }, body: [{ message: 'one' }, { message: 'two' }],
});
check(expect(202, logs).accepted === 2, 'two entries were stored');
const asked = await report({ status: 'needs_input', question: { text: 'Which?', options: ['first', { id: 'b', label: 'second' }] } });
check(expect(200, asked).question?.options[1]?.id === 'b', 'the question is open');
expect(200, await client.POST('/api/tasks/{id}/input', { params: { path: { id: task.id } }, body: { option: 'b' } }));
// Any JSON is a result.
for (const result of [{ words: [812, 1.5] }, [1, null], 'text', 7, 1.5, true, false]) {
  const answer = expect(200, await report({ result }));
  check(JSON.stringify(answer.result) === JSON.stringify(result), `${JSON.stringify(answer.result)} is the result`);
}
const done = expect(200, await report({ status: 'completed', result: { words: 812 } }));
check(done.status === 'completed' && done.completed_at !== null, 'the task is completed');

const late = await report({ progress: 0.1 });
const problem: Problem | undefined = late.error;
check(late.response.status === 409 && problem?.status === 409, 'who reports too late is told so');
const unknown = await client.GET('/api/tasks/{id}', { params: { path: { id: '999999' } } });
check(unknown.response.status === 404 && unknown.error?.title !== '', 'what is not there is not found');
console.log('the client in TypeScript registered, created, listed, claimed, reported and completed');
