/* Runs a server, lets one player in and waits until he is refused: URL LOGIN-TOKEN TICKET STEAMID. */
#include "beaconry_gameserver.h"

static void heard(void *user, const char *name, const char *data) {
  long response = bgs_number(data, "response", 0);
  if (strcmp(name, "validate_auth_ticket_response") == 0 && response != 0) *(long *)user = response;
}

static int fail(bgs_server *server) {
  fprintf(stderr, "%s\n", server->error);
  return 1;
}

int main(int argc, char **argv) {
  bgs_server server;
  int begin, verdict;
  long refused = 0;
  if (argc != 5) return 2;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  if (bgs_init(&server, argv[1], 480, "1.0.0.0", 27015, 27016) != 0) return fail(&server);
  if (bgs_log_on(&server, argv[2]) != 0) return fail(&server);
  printf("logged on true\n");
  if (bgs_set(&server, "{\"name\":\"From C\",\"map\":\"dust\",\"maxPlayers\":8,\"tags\":[\"c\"],\"advertise\":true}") != 0)
    return fail(&server);
  if (bgs_set_rules(&server, "{\"language\":\"C\"}") != 0) return fail(&server);
  if (bgs_begin_session(&server, argv[3], argv[4], 5, &begin, &verdict) != 0) return fail(&server);
  printf("begin %d verdict %d\n", begin, verdict);
  if (bgs_show_player(&server, argv[4], "Ann", 3) != 0) return fail(&server);
  while (refused == 0)
    if (bgs_signals(&server, 10, heard, &refused) != 0) return fail(&server);
  printf("signal %ld\n", refused);
  if (bgs_end_session(&server, argv[4]) != 0 || bgs_log_off(&server) != 0) return fail(&server);
  if (bgs_shut_down(&server) != 0) return fail(&server);
  printf("done\n");
  curl_global_cleanup();
  return 0;
}
