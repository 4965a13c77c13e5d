import type { EAuthSessionResponse, EDenyReason, EResult } from 'beaconry/steam';

/** The signals of the Steam game server API, section 3, with their payloads; ids are bigint. */
export interface SteamSignals {
  associate_clan: { readonly result: EResult };
  client_approved: { readonly steam_id: bigint; readonly owner_id: bigint };
  client_denied: { readonly steam_id: bigint; readonly reason: EDenyReason; readonly text: string };
  client_group_status: {
    readonly steam_id: bigint;
    readonly group_id: bigint;
    readonly member: boolean;
    readonly officer: boolean;
  };
  client_kick: { readonly steam_id: bigint; readonly reason: EDenyReason };
  player_compat: {
    readonly result: EResult;
    readonly players_dont_like_candidate: number;
    readonly players_candidate_doesnt_like: number;
    readonly clan_players_dont_like_candidate: number;
    readonly steam_id: bigint;
    readonly is_clan_member: boolean;
  };
  policy_response: { readonly secure: 0 | 1 };
  server_connect_failure: { readonly result: EResult; readonly retrying: boolean };
  server_connected: Readonly<Record<string, never>>;
  server_disconnected: { readonly result: EResult };
  validate_auth_ticket_response: {
    readonly auth_id: bigint;
    readonly response: EAuthSessionResponse;
    readonly owner_id: bigint;
  };
  get_auth_session_ticket_response: { readonly auth_ticket: number; readonly result: EResult };
}

/** Callback numbers of Steam. */
export const callbackIds: Readonly<Record<keyof SteamSignals, number>> = {
  server_connected: 101,
  server_connect_failure: 102,
  server_disconnected: 103,
  policy_response: 115,
  validate_auth_ticket_response: 143,
  get_auth_session_ticket_response: 163,
  client_approved: 201,
  client_denied: 202,
  client_kick: 203,
  client_group_status: 208,
  associate_clan: 210,
  player_compat: 211,
};

/** Other spellings in use. */
export const signalAliases: Readonly<Record<string, keyof SteamSignals>> = {
  server_failure: 'server_connect_failure',
  get_auth_session_ticket_reponse: 'get_auth_session_ticket_response',
};
