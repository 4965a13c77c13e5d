import { PeerAddress } from 'beaconry';
import { expect } from 'chai';
import { MasterResolver, reachableFrom } from '../../../plugins/heartbeat/master-resolver.js';

const build = (
  answers: Record<string, readonly string[] | Error>,
  bound: readonly string[] = ['0.0.0.0'],
) => {
  const asked: string[] = [];
  const warnings: string[] = [];
  const resolved: string[] = [];
  const masters = Object.keys(answers).map((host) => ({ host, port: 27011 }));
  const resolver = new MasterResolver(
    masters,
    {
      resolve: async (host) => {
        asked.push(host);
        const answer = answers[host] ?? [];
        if (answer instanceof Error) throw answer;
        return answer;
      },
    },
    { warn: (_facts: object, text?: string) => void warnings.push(text ?? '') },
    reachableFrom(() => bound.map((host) => PeerAddress.of(host, 27015))),
    (name, address) => resolved.push(`${name} ${address}`),
  );
  return { resolver, asked, warnings, resolved };
};

describe('master resolver', () => {
  it('takes the first address that a socket of the endpoint can reach', async () => {
    const answers = { 'master.example': ['2001:db8::1', '192.0.2.1', '192.0.2.2'] };
    for (const [bound, address] of [
      [['0.0.0.0'], '192.0.2.1:27011'],
      [['2001:db8::9'], '[2001:db8::1]:27011'],
      [['::'], '[2001:db8::1]:27011'],
      [[], '[2001:db8::1]:27011'],
    ] as const) {
      const { resolver, resolved } = build(answers, bound);
      await resolver.resolveAll();
      expect(resolved).to.deep.equal([`master.example:27011 ${address}`]);
    }
  });

  it('asks nobody about IP literals', async () => {
    const { resolver, asked, resolved } = build({ '192.0.2.1': [], '2001:db8::1': [] }, ['::']);
    await resolver.resolveAll();
    expect(asked).to.deep.equal([]);
    expect(resolved).to.have.lengthOf(2);
    expect(resolver.names).to.deep.equal(['192.0.2.1:27011', '[2001:db8::1]:27011']);
  });

  it('finds the other masters when one name is unknown', async () => {
    const { resolver, resolved, warnings } = build({
      'gone.example': new Error('ENOTFOUND'),
      'far.example': ['2001:db8::1'],
      'master.example': ['192.0.2.1'],
    });
    await resolver.resolveAll();
    expect(resolved).to.deep.equal(['master.example:27011 192.0.2.1:27011']);
    expect(warnings).to.have.members([
      'no socket of the endpoint can reach master far.example:27011',
      'cannot resolve master gone.example:27011: ENOTFOUND',
    ]);
  });

  it('does not ask again while the answer is still awaited', async () => {
    const { resolver, asked } = build({ 'master.example': ['192.0.2.1'] });
    await Promise.all([resolver.resolveAll(), resolver.resolve('master.example:27011')]);
    expect(asked).to.have.lengthOf(1);
    await resolver.resolve('master.example:27011');
    expect(asked).to.have.lengthOf(2);
  });

  it('stays with an address as long as the name has it, whatever the order', async () => {
    const answers: Record<string, readonly string[]> = { a: ['192.0.2.1', '192.0.2.2'] };
    const { resolver, resolved } = build(answers);
    await resolver.resolveAll();
    answers.a = ['192.0.2.2', '192.0.2.1'];
    await resolver.resolveAll();
    answers.a = ['192.0.2.2'];
    await resolver.resolveAll();
    expect(resolved).to.deep.equal([
      'a:27011 192.0.2.1:27011',
      'a:27011 192.0.2.1:27011',
      'a:27011 192.0.2.2:27011',
    ]);
  });

  it('goes on to the next address of the name when nobody answers', async () => {
    const { resolver, resolved } = build({ a: ['192.0.2.1', '192.0.2.2'] });
    await resolver.resolveAll();
    await resolver.resolve('a:27011', true);
    await resolver.resolve('a:27011', true);
    expect(resolved).to.deep.equal([
      'a:27011 192.0.2.1:27011',
      'a:27011 192.0.2.2:27011',
      'a:27011 192.0.2.1:27011',
    ]);
  });
});
