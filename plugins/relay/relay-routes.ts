import { type Clock, type Connection, PeerAddress, type Routes } from 'beaconry';
import Type from 'typebox';
import type { RelayEngine } from './relay-engine.js';
import { WebSocketConnection } from './web-socket-connection.js';

const Status = Type.Object({
  peers: Type.Integer({ description: 'Connections that have an id.' }),
  connections: Type.Integer(),
  frames: Type.Integer({ description: 'Frames received since the start.' }),
  bytes: Type.Integer({ description: 'Bytes of those frames.' }),
  queuedBytes: Type.Integer({ description: 'Bytes that wait for slow readers.' }),
  maxFrame: Type.Integer({ description: 'Largest body of a frame, in bytes.' }),
  chosenIds: Type.Union([Type.Literal('open'), Type.Literal('grace'), Type.Literal('secret')]),
  joinKey: Type.Boolean({ description: 'INIT needs the join key.' }),
  bootstrap: Type.Boolean({ description: 'The built-in peer answers.' }),
  errors: Type.Record(Type.String(), Type.Integer(), {
    description: 'ERROR answers since the start by cause.',
  }),
});

/** `/v1/relay/status` and the relay's frames over WebSocket. */
export const relayRoutes =
  (
    relay: Pick<RelayEngine, 'status'>,
    clock: Pick<Clock, 'after'>,
    accept: (connection: Connection) => void,
  ): Routes =>
  (scope) => {
    scope.get(
      '/status',
      {
        schema: {
          summary: 'Load of the relay; no ids and no addresses.',
          response: { 200: Status },
        },
      },
      () => relay.status(),
    );
    scope.get('/ws', { websocket: true }, (socket, request) => {
      const from = PeerAddress.of(request.ip, request.socket.remotePort ?? 0);
      accept(new WebSocketConnection(socket, from, clock));
    });
  };
