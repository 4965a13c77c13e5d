import type { FastifyRequest } from 'fastify';
import { refuse } from '../call-error.js';
import type { HostedGameServer } from './hosted-game-server.js';

/** The game server whose handle a request carries. */
export type ServerOf = (request: FastifyRequest) => HostedGameServer;

/** Milliseconds a call waits for a signal that the backend owes. */
export const ANSWER_TIME = 5000;

export const notLoggedOn = () =>
  refuse(409, 'NOT_LOGGED_ON', 'the game server is not logged on; POST …/logon first');
