import type { ServerReport } from 'beaconry/a2s-query';
import {
  decodeInfo,
  decodePlayers,
  decodeRules,
  encodePlayers,
  encodeRules,
} from 'beaconry/a2s-query';
import { expect } from 'chai';
import { reportAsJson, reportAsText } from '../../../server-browser/a2s/query-report.js';
import { vector } from '../a2s-query/vectors.js';

const reportOf = (durations: readonly number[]): ServerReport => ({
  address: { host: '127.0.0.1', port: 27015 },
  ping: 12.345,
  info: decodeInfo(vector('info_edf_full')),
  players: decodePlayers(
    encodePlayers(
      durations.map((duration) => ({ index: 0, name: 'a\u001b[2Jb', score: 1, duration })),
    ),
  ),
  rules: decodeRules(encodeRules([['motd', 'first\nsecond']])),
});

describe('report of one server', () => {
  it('says for people what the server says', () => {
    const lines = reportAsText(reportOf([59])).split('\n');
    expect(lines[0]).to.equal('Test server');
    expect(lines[1]).to.equal('  127.0.0.1:27015, 12.3 ms');
    expect(lines[3]).to.equal('  7/32 players (1 bots)');
  });

  it('shows any duration that a server may send', () => {
    const durations = [0, 3725.5, 100 * 3600, -1, Number.NaN, Number.POSITIVE_INFINITY, 3e38];
    const text = reportAsText(reportOf(durations));
    const times = [...text.matchAll(/^ +1 +(\S+) /gm)].map(([, time]) => time);
    expect(times).to.deep.equal(['0:00:00', '1:02:05', '100:00:00', '-', '-', '-', '-']);
  });

  it('lets no control character through', () => {
    const text = reportAsText(reportOf([1]));
    expect(text).to.include('a[2Jb');
    expect(text).to.include('motd = firstsecond');
    expect(text.replaceAll('\n', '')).not.to.match(/\p{Cc}/u);
  });

  it('lets none through to programs either', () => {
    const report = reportOf([1]);
    const hostile = { ...report, info: { ...report.info, name: 'a\u009b2Jb\u202ec' } };
    const text = reportAsJson(hostile);
    expect(text.replaceAll('\n', '')).not.to.match(/[\p{Cc}\u202e]/u);
    expect(JSON.parse(text).info.name).to.equal('a\u009b2Jb\u202ec');
  });

  it('says what is hidden', () => {
    const { address, ping, info } = reportOf([]);
    const text = reportAsText({ address, ping, info });
    expect(text).to.include('Players: hidden').and.to.include('Rules: hidden');
  });

  it('gives programs everything, ids as text', () => {
    const { info, players, rules } = JSON.parse(reportAsJson(reportOf([5])));
    expect(info.extra.steamId).to.equal('90071992547409921');
    expect(players[0].duration).to.equal(5);
    expect(rules).to.deep.equal({ motd: 'first\nsecond' });
  });
});
