import { expect } from 'chai';
import { serverPage } from '../../../server-browser/web/server-page.js';

describe('page of a server', () => {
  it('is at the host where the server was found, at the port and path of its rule', () => {
    expect(serverPage('8080/rally/', '192.0.2.7')).equal('http://192.0.2.7:8080/rally/');
    expect(serverPage('80/', '[2001:db8::1]')).equal('http://[2001:db8::1]:80/');
  });

  for (const rule of [
    ...[undefined, '', '8080', '/rally/', '0/rally/', '65536/', '123456/', '-1/', '8e1/'],
    ...['http://evil.example/', '//evil.example/', '80@evil.example/', '8080/\\evil.example'],
    ...[
      '8080/?next=//evil.example',
      '8080/#x',
      '8080/%2f%2fevil',
      '8080/a b',
      'javascript:alert(1)',
    ],
    ...['8080/<b>', "8080/'onclick='", ' 8080/', '8080/\n', `8080/${'a'.repeat(65)}`],
  ]) {
    it(`is none for ${JSON.stringify(rule)}`, () => {
      expect(serverPage(rule, '192.0.2.7')).equal(undefined);
    });
  }

  it('never leads to another host, whatever path it names', () => {
    for (const path of ['//evil.example/', '/../../', '/.//evil.example', '/~root/']) {
      const page = serverPage(`8080${path}`, '192.0.2.7');
      expect(page === undefined ? '192.0.2.7' : new URL(page).hostname, path).equal('192.0.2.7');
    }
  });
});
