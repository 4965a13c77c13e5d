import type { Routes } from 'beaconry';
import { refuse } from './call-error.js';
import { type SocketParts, SocketSession } from './socket-session.js';

const PROTOCOL = 'beaconry.v1';

/** `WS /v1/ws`. */
export const socketRoutes =
  (parts: SocketParts): Routes =>
  (scope) => {
    scope.get(
      '/v1/ws',
      {
        websocket: true,
        schema: {
          summary: 'Calls and signals over a WebSocket, sub-protocol beaconry.v1',
          description:
            'First frame {"hello":{"handle"|"accountKey":"…","resume"?:seq}} → {"welcome":{"session":"…","seq":n}}. ' +
            'Calls {"id":1,"call":"BeginAuthSession","args":{…}} → {"id":1,"result":…} or {"id":1,"error":{code,message}}; ' +
            'signals {"seq":8,"signal":"…","data":{…}}. Binary frames: u32 IPv4 (host order), u16 port, both ' +
            'little-endian, then a packet of the shared socket.',
        },
        preValidation: async (request) => {
          const offered = request.headers['sec-websocket-protocol'] ?? '';
          if (offered.split(',')[0]?.trim() !== PROTOCOL) {
            throw refuse(400, 'SUBPROTOCOL', `this speaks the sub-protocol ${PROTOCOL} alone`);
          }
        },
      },
      (socket, request) => {
        new SocketSession(socket, request.ip, parts);
      },
    );
  };
