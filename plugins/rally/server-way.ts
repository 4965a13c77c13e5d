import { type Clock, messageOf, PeerAddress, ServerError } from 'beaconry';
import { parseAddress, resolveAddress, UdpSocket } from 'beaconry/a2s-query';
import { fakeIpKind } from 'beaconry/plugins/fake-ip';
import {
  ClientAgent,
  type Connection,
  ConnectionState,
  openUdpSocket,
  type PlayerNetwork,
} from 'beaconry/relay-agent';

/** How datagrams of a driver reach the server. What comes back from there, and from nowhere else, is heard. */
export interface ServerWay {
  /** A lost datagram is weather: what matters is sent again. */
  send(bytes: Uint8Array): void;
  close(): Promise<void>;
}

export interface RelayedWayOptions {
  readonly clock: Clock;
  readonly network: PlayerNetwork;
  readonly identity: string;
  readonly appId: number;
  readonly onFailure: (why: string) => void;
}

type Heard = (bytes: Uint8Array) => void;

const RETRY = 2_000;

/** Whether this names a server behind relays: a FakeIP with its port, or an identity. */
export function isRelayed(target: string): boolean {
  const address = PeerAddress.parse(target);
  if (address !== undefined) return fakeIpKind(address) === 'global';
  return /^(?:str|steamid|gen):/.test(target);
}

/** A socket of its own to an address. Error `USAGE` for what is none. */
export async function directWay(target: string, heard: Heard): Promise<ServerWay> {
  const address = parseAddress(target, 27015);
  if (address === undefined) throw new ServerError('USAGE', 'needs +connect HOST:PORT');
  const to = await resolveAddress(address);
  const socket = new UdpSocket();
  socket.listen((bytes, from) => {
    if (from.port === to.port && from.host === to.host) heard(bytes);
  });
  return { send: (bytes) => socket.send(bytes, to, () => {}), close: () => socket.close() };
}

/** Over the datagram relay, to a server whose address nobody learns. Opened again when it breaks. */
export async function relayedWay(
  target: string,
  heard: Heard,
  { clock, network, identity, appId, onFailure }: RelayedWayOptions,
): Promise<ServerWay> {
  const isAddress = PeerAddress.parse(target) !== undefined;
  /** Of the last look-up of the FakeIP, which the server's side gave for it. */
  let ticket: Uint8Array = new Uint8Array();
  const agent = await new ClientAgent({
    ...{ clock, openSocket: openUdpSocket, identity, appId, dev: true },
    ...{ network: network.trusted, credentials: network.credentials },
    ticket: network.ticket,
    autoTicket: async () => ticket,
  }).start();
  let connection: Connection | undefined;
  let port = 0;
  const open = async () => {
    let server = target;
    if (isAddress) {
      const found = await network.fakeIpTicket(target);
      ({ identity: server, virtualPort: port, ticket } = found);
    }
    const opened = await agent.connect(server, [port]);
    opened.listener = { onDatagram: (_port, bytes) => heard(bytes) };
    connection = opened;
  };
  let opening = false;
  const check = () => {
    if (opening || connection?.isOpen === true) return;
    if (connection !== undefined) onFailure(connection.endText);
    connection = undefined;
    opening = true;
    open()
      .catch((error: unknown) => onFailure(messageOf(error)))
      .finally(() => {
        opening = false;
      });
  };
  const stop = clock.every(RETRY, check);
  check();
  return {
    send(bytes) {
      if (connection?.state === ConnectionState.connected) connection.send(port, bytes);
    },
    async close() {
      stop();
      await agent.close();
    },
  };
}
