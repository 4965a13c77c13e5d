import { createSocket } from 'node:dgram';
import { PeerAddress } from 'beaconry';
import { expect } from 'chai';
import { askByUdp } from '../../../core/doctor/udp-exchange.js';
import { freePorts } from '../../end-to-end/free-ports.js';

describe('a question by UDP of the doctor', () => {
  for (const host of ['127.0.0.1', '::']) {
    it(`leaves from the port of an endpoint on ${host}, as the game's own will`, async () => {
      const [port = 0] = await freePorts(1, 'udp');
      const echo = createSocket('udp4');
      echo.on('message', (bytes, { address, port }) => echo.send(bytes, port, address));
      await new Promise<void>((resolve) => echo.bind(0, '127.0.0.1', resolve));
      const to = PeerAddress.of('127.0.0.1', echo.address().port);
      const bytes = Buffer.from('who?');
      const asked = await askByUdp({ to, bytes, from: { host, port }, isAnswer: () => true });
      echo.close();
      expect(asked).equal(port);
    });
  }
});
