// A call for help is sent until it is answered, and is taken only when somebody took it.
import { expect, it } from 'vitest';
import { Problem, Unreachable, type Api } from './api';
import { Sos } from './sos';

function with_(answers: (string | Error)[]): { sos: Sos; calls: () => number; states: string[] } {
  let calls = 0;
  const states: string[] = [];
  const api = { sos: async () => {
    calls++;
    const answer = answers.shift()!;
    if (typeof answer !== 'string') throw answer;
    return { incident: answer };
  } } as unknown as Api;
  const sos = new Sos(api, async () => {});
  sos.subscribe(() => states.push(sos.state));
  return { sos, calls: () => calls, states };
}

it('is_sent_again_until_the_server_answers', async () => {
  const { sos, calls, states } = with_([new Unreachable(), new Problem('record_unavailable', 503, null, 1, []), 'i']);
  await sos.raise('t');
  expect([calls(), states]).toEqual([3, ['sending', 'sent']]);
});
it('is_taken_only_by_its_own_incident', async () => {
  const { sos } = with_(['i']);
  await sos.raise(null);
  sos.taken('other');
  expect(sos.state).toBe('sent');
  sos.taken('i');
  expect(sos.state).toBe('taken');
});
it('a_take_over_that_overtakes_the_answer_counts', async () => {
  const { sos } = with_(['i']);
  sos.taken('i');
  await sos.raise(null);
  expect(sos.state).toBe('taken');
});
it('a_refusal_is_said_and_leaves_the_button_free', async () => {
  const { sos } = with_([new Problem('forbidden_role', 403, null, null, []), 'i']);
  await sos.raise(null);
  expect([sos.state, sos.code]).toEqual(['refused', 'forbidden_role']);
  await sos.raise(null);
  expect(sos.state).toBe('sent');
});
