/** A player in a process of his own: URL ACCOUNT-KEY APPID; prints his ticket, cancels it at a word on stdin. */
const [url = '', accountKey = '', appId = ''] = process.argv.slice(2);

async function call(method: string, path: string, bearer?: string, body?: object) {
  const answer = await fetch(url + path, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  // biome-ignore lint/suspicious/noExplicitAny: what came over the wire
  return (answer.status === 204 ? {} : await answer.json()) as any;
}

const { token } = await call('POST', '/v1/logon', undefined, { accountKey, appId: Number(appId) });
const { handle, ticket } = await call('POST', '/v1/tickets', token, { appId: Number(appId) });
process.stdout.write(`${ticket}\n`);
process.stdin.once('data', async () => {
  await call('DELETE', `/v1/tickets/${handle}`, token);
  await call('POST', '/v1/logoff', token);
  process.exit(0);
});
