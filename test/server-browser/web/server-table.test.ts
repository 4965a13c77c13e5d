import { expect } from 'chai';
import { completeServer } from '../../../server-browser/web/complete-server.js';
import { listColumns } from '../../../server-browser/web/list-columns.js';
import type { ListedServer } from '../../../server-browser/web/listed-server.js';
import { ServerTable } from '../../../server-browser/web/server-table.js';
import { writeNumbers, writeRow } from '../../../server-browser/web/write-row.js';

const server = (number: number, more: Partial<ListedServer> = {}): ListedServer => ({
  ...completeServer('master', {
    address: `192.0.2.${number}:27015`,
    name: `Server ${number}`,
    map: 'dust',
    players: number,
    maxPlayers: 32,
    lastSeen: '2026-01-01T00:00:00.000Z',
  }),
  ...more,
});

describe('servers as the page keeps them', () => {
  const tableOf = (...servers: ListedServer[]) => {
    const table = new ServerTable();
    // As it comes: through JSON.
    table.load(JSON.parse(JSON.stringify(listColumns(servers, 'event', 'now'))));
    return table;
  };
  const mapOf = (table: ServerTable, address: string) =>
    table.text(table.columns.map[table.rowOf(address) ?? -1]);

  it('keep their rows while others come and go, and give a row away only when nobody shows it', () => {
    const table = tableOf(server(1), server(2));
    const row = table.rowOf('192.0.2.2:27015');
    table.remove('192.0.2.1:27015');
    writeRow(table, server(3));
    expect(table.rowOf('192.0.2.2:27015')).to.equal(row);
    expect(table.rowOf('192.0.2.3:27015')).to.equal(2);
    expect(table.isGone(0)).to.equal(true);
    table.release();
    writeRow(table, server(4));
    expect(table.rowOf('192.0.2.4:27015')).to.equal(0);
  });

  it('are counted with their players, duplicates once', () => {
    const table = tableOf(server(5), server(7, { bots: 2 }), server(9, { flags: ['duplicate'] }));
    expect(table).to.include({ servers: 2, players: 12, bots: 2, size: 3 });
    writeRow(table, server(5, { players: 1 }));
    table.remove('192.0.2.7:27015');
    expect(table).to.include({ servers: 1, players: 1, bots: 0 });
  });

  it('take numbers alone of those that are there', () => {
    const table = tableOf(server(5), server(7));
    const row = table.rowOf('192.0.2.5:27015') ?? -1;
    const before = table.revision(row);
    writeNumbers(table, ['192.0.2.5:27015', 6, 24, 2, 80]);
    writeNumbers(table, ['192.0.2.99:27015', 1, 2, 3, 4]);
    expect(table).to.include({ servers: 2, players: 13, bots: 2 });
    expect(table.columns.maxPlayers[row]).to.equal(24);
    expect(table.columns.ping[row]).to.equal(80);
    expect(table.columns.name[row]).to.equal('Server 5');
    expect(table.revision(row)).to.be.above(before);
  });

  it('forget texts that no server has any more, however many servers make up in days', () => {
    const table = tableOf(server(1), server(2, { map: 'nuke' }));
    for (let turn = 0; turn < 9000; turn++) {
      writeRow(table, server(1, { tags: [`time${turn}`], map: `map ${turn % 7}` }));
      table.release();
    }
    expect(table.columns.texts.length).to.be.below(4200);
    const row = table.rowOf('192.0.2.1:27015') ?? -1;
    expect(table.text(table.columns.tags[row])).to.equal('time8999');
    expect(mapOf(table, '192.0.2.1:27015')).to.equal('map 4');
    expect(mapOf(table, '192.0.2.2:27015')).to.equal('nuke');
  });
});
