import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoopbackServer } from '../../demo/loopback-server.ts';
import { startTicketApi } from '../../demo/ticket-api.ts';

describe('the ticket API of the demonstration', () => {
  let api: LoopbackServer;
  beforeAll(async () => {
    api = await startTicketApi();
  });
  afterAll(() => api.close());
  const post = (path: string, body: string): Promise<Response> => fetch(`${api.url}${path}`, { method: 'POST', body });

  it('answers with the open tickets', async () => {
    const answer = await fetch(`${api.url}/tickets?state=open`);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await answer.json()).toMatchObject({ tickets: [{ id: 101 }, { id: 104 }, { id: 109 }, { id: 110 }] });
  });

  it('keeps comments, and every request', async () => {
    expect((await post('/tickets/101/comments', '{"body":"seen"}')).status).toBe(201);
    expect(await (await fetch(`${api.url}/tickets/101/comments`)).json()).toEqual({ comments: ['seen'] });
    expect(api.requests).toContainEqual({ method: 'POST', url: '/tickets/101/comments', body: '{"body":"seen"}' });
  });

  it('refuses what it does not understand', async () => {
    expect((await post('/tickets/101/comments', 'not JSON')).status).toBe(400);
    expect((await post('/tickets/999/comments', '{"body":"x"}')).status).toBe(404);
    expect((await fetch(`${api.url}/tickets/101/comments`, { method: 'DELETE' })).status).toBe(405);
  });

  it('takes another port where its own is taken', async () => {
    const port = Number(new URL(api.url).port);
    const second = await startTicketApi({ port });
    expect(second.url).not.toBe(api.url);
    expect((await fetch(`${second.url}/tickets`)).status).toBe(200);
    await second.close();
  });
});
