import { expect } from 'chai';
import { parseRedisUrl } from '../../../core/store/redis-url.js';

describe('parseRedisUrl', () => {
  it('reads a server with its name, password and database', () => {
    expect(parseRedisUrl('rediss://me:p%40ss@redis.example:7000/3')).to.deep.equal({
      kind: 'single',
      hosts: [{ host: 'redis.example', port: 7000 }],
      tls: true,
      username: 'me',
      password: 'p@ss',
      database: 3,
      shown: 'rediss://redis.example:7000/3',
    });
  });

  it('takes the usual port and an IPv6 address in brackets', () => {
    expect(parseRedisUrl('redis://[::1]').hosts).to.deep.equal([{ host: '::1', port: 6379 }]);
    expect(parseRedisUrl('redis://:only@h').password).to.equal('only');
  });

  it('reads Sentinels with the name of the primary, and nodes of a cluster', () => {
    expect(parseRedisUrl('redis+sentinel://a,b:5000/main/2')).to.deep.include({
      kind: 'sentinel',
      hosts: [
        { host: 'a', port: 26379 },
        { host: 'b', port: 5000 },
      ],
      primary: 'main',
      database: 2,
    });
    expect(parseRedisUrl('rediss+cluster://a:1,b:2')).to.deep.include({
      kind: 'cluster',
      tls: true,
    });
  });

  for (const url of [
    '',
    'http://h',
    'redis://',
    'redis://a,b',
    'redis://h/x',
    'redis://h:0',
    'redis://h:99999',
    'redis+sentinel://h',
    'redis+cluster://h/1',
    'redis://%zz:secret@h',
  ]) {
    it(`refuses ${JSON.stringify(url)} with the forms that are known`, () => {
      expect(() => parseRedisUrl(url))
        .to.throw(/^store\.url .*redis\+sentinel:\/\/host/)
        .with.property('code', 'STORE_URL');
      expect(() => parseRedisUrl(url)).not.to.throw(/secret/);
    });
  }
});
