import { createHash } from 'node:crypto';
import type { Routes } from 'beaconry';

const style = `
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
h2{margin-top:2rem;border-bottom:1px solid #ccc}
details{border-bottom:1px solid #eee;padding:.3rem 0}
summary code{font-weight:bold}
pre{background:#f4f4f4;padding:.7rem;overflow:auto}
label,input,button{font:inherit}
@media (prefers-color-scheme:dark){body{color:#eee;background:#181818}pre{background:#242424}h2,details{border-color:#444}}
`;

const script = `
'use strict';
const show = (description) => {
  const out = document.getElementById('out');
  out.textContent = '';
  const groups = new Map();
  for (const [path, operations] of Object.entries(description.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const tag = (operation.tags || ['other'])[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push([method.toUpperCase(), path, operation]);
    }
  }
  const add = (parent, name, text) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    parent.append(element);
    return element;
  };
  for (const [tag, list] of [...groups].sort()) {
    add(out, 'h2', tag);
    for (const [method, path, operation] of list) {
      const details = add(out, 'details');
      const summary = add(details, 'summary');
      add(summary, 'code', method + ' ' + path);
      summary.append(' ' + (operation.summary || ''));
      if (operation.description) add(details, 'p', operation.description);
      const { parameters, requestBody, responses } = operation;
      add(details, 'pre', JSON.stringify({ parameters, requestBody, responses }, null, 2));
    }
  }
};
document.getElementById('login').addEventListener('submit', async (event) => {
  event.preventDefault();
  const token = document.getElementById('token').value;
  const answer = await fetch('/openapi.json', { headers: { authorization: 'Bearer ' + token } });
  if (answer.ok) show(await answer.json());
  else document.getElementById('out').textContent = (await answer.json()).error.message;
});
`;

const page = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>beaconry API</title><style>${style}</style>
<h1>beaconry API</h1>
<form id="login"><label>Admin token <input id="token" type="password" autocomplete="off" required></label>
<button>Show</button></form>
<main id="out"><p>The description is for the holder of the admin token, which stays on this page.</p></main>
<script>${script}</script></html>
`;

const hash = (text: string): string =>
  `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const policy = [
  "default-src 'none'",
  `style-src ${hash(style)}`,
  `script-src ${hash(script)}`,
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** `/docs`: the API description for people. It has nothing in it: what it shows it fetches with the token. */
export const docsPage: Routes = (scope) => {
  scope.get('/docs', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('text/html; charset=utf-8').header('content-security-policy', policy).send(page),
  );
};
