/* A game server on beaconry in one header: C99 over libcurl. Link with -lcurl. Not for several threads at once.
 * Every call gives 0, or -1 with the reason in server->error. The last answer is in server->answer as JSON. */
#ifndef BEACONRY_GAMESERVER_H
#define BEACONRY_GAMESERVER_H

#include <curl/curl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  CURL *curl;
  char url[256];
  char handle[64];
  char error[512];
  char *answer;
  size_t length;
  long seq;
} bgs_server;

static size_t bgs_receive(char *data, size_t size, size_t count, void *to) {
  bgs_server *server = to;
  size_t more = size * count;
  char *grown = realloc(server->answer, server->length + more + 1);
  if (grown == NULL) return 0;
  memcpy(grown + server->length, data, more);
  server->answer = grown;
  server->length += more;
  grown[server->length] = 0;
  return more;
}

/* The value behind `"name":` at or after `from`, NULL without one. Names of answers are unique where it matters. */
static const char *bgs_field(const char *from, const char *name) {
  char key[80];
  const char *found;
  if (from == NULL) return NULL;
  snprintf(key, sizeof key, "\"%s\":", name);
  found = strstr(from, key);
  return found == NULL ? NULL : found + strlen(key);
}

/* Copies a text value without escapes. */
static int bgs_text(const char *from, const char *name, char *out, size_t size) {
  const char *value = bgs_field(from, name);
  size_t length;
  if (value == NULL || *value != '"') return -1;
  length = strcspn(value + 1, "\"\\");
  if (length + 1 > size) return -1;
  memcpy(out, value + 1, length);
  out[length] = 0;
  return 0;
}

static long bgs_number(const char *from, const char *name, long otherwise) {
  const char *value = bgs_field(from, name);
  return value == NULL ? otherwise : strtol(value, NULL, 10);
}

/* Writes `text` as a JSON string; gives what follows it. */
static char *bgs_quote(char *out, const char *end, const char *text) {
  if (out < end) *out++ = '"';
  for (; *text != 0 && out + 7 < end; text++) {
    unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\') *out++ = '\\', *out++ = (char)c;
    else if (c < 0x20) out += sprintf(out, "\\u%04x", c);
    else *out++ = (char)c;
  }
  if (out < end) *out++ = '"';
  *out = 0;
  return out;
}

static int bgs_request(bgs_server *server, const char *method, const char *path, const char *body) {
  char url[512], bearer[128];
  struct curl_slist *headers = NULL;
  long status = 0;
  CURLcode code;
  snprintf(url, sizeof url, "%s%s", server->url, path);
  free(server->answer);
  server->answer = NULL;
  server->length = 0;
  server->error[0] = 0;
  curl_easy_reset(server->curl);
  curl_easy_setopt(server->curl, CURLOPT_URL, url);
  curl_easy_setopt(server->curl, CURLOPT_CUSTOMREQUEST, method);
  curl_easy_setopt(server->curl, CURLOPT_TIMEOUT, 90L);
  curl_easy_setopt(server->curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(server->curl, CURLOPT_WRITEFUNCTION, bgs_receive);
  curl_easy_setopt(server->curl, CURLOPT_WRITEDATA, server);
  if (server->handle[0] != 0) {
    snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", server->handle);
    headers = curl_slist_append(headers, bearer);
  }
  if (body != NULL) {
    headers = curl_slist_append(headers, "Content-Type: application/json");
    curl_easy_setopt(server->curl, CURLOPT_POSTFIELDS, body);
  }
  curl_easy_setopt(server->curl, CURLOPT_HTTPHEADER, headers);
  code = curl_easy_perform(server->curl);
  curl_easy_getinfo(server->curl, CURLINFO_RESPONSE_CODE, &status);
  curl_slist_free_all(headers);
  if (code != CURLE_OK) {
    snprintf(server->error, sizeof server->error, "%s", curl_easy_strerror(code));
    return -1;
  }
  if (status >= 200 && status < 300) return 0;
  snprintf(server->error, sizeof server->error, "HTTP %ld: %.400s", status,
           server->answer == NULL ? "" : server->answer);
  return -1;
}

static int bgs_self(bgs_server *server, const char *method, const char *path, const char *body) {
  char whole[256];
  snprintf(whole, sizeof whole, "/v1/gameservers/self%s", path);
  return bgs_request(server, method, whole, body);
}

/* Call curl_global_init once before. */
static int bgs_init(bgs_server *server, const char *url, unsigned app_id, const char *version,
                    int game_port, int query_port) {
  char body[512], text[160];
  memset(server, 0, sizeof *server);
  snprintf(server->url, sizeof server->url, "%s", url);
  server->curl = curl_easy_init();
  if (server->curl == NULL) return -1;
  bgs_quote(text, text + sizeof text - 1, version);
  snprintf(body, sizeof body, "{\"appId\":%u,\"version\":%s,\"gamePort\":%d,\"queryPort\":%d}", app_id, text,
           game_port, query_port);
  if (bgs_request(server, "POST", "/v1/gameservers", body) != 0) return -1;
  return bgs_text(server->answer, "handle", server->handle, sizeof server->handle);
}

/* NULL: an anonymous server. 0 only when logged on. */
static int bgs_log_on(bgs_server *server, const char *token) {
  char body[256], text[128];
  const char *on;
  bgs_quote(text, text + sizeof text - 1, token == NULL ? "" : token);
  snprintf(body, sizeof body, "{\"token\":%s}", text);
  if (bgs_self(server, "POST", "/logon", body) != 0) return -1;
  on = bgs_field(server->answer, "loggedOn");
  return on != NULL && strncmp(on, "true", 4) == 0 ? 0 : -1;
}

/* JSON such as {"name":"x","map":"dust","maxPlayers":8,"advertise":true}: all or nothing. */
static int bgs_set(bgs_server *server, const char *json) { return bgs_self(server, "PATCH", "", json); }
static int bgs_set_rules(bgs_server *server, const char *json) { return bgs_self(server, "PUT", "/rules", json); }

/* begin: EBeginAuthSessionResult; verdict: EAuthSessionResponse, -1 while none came. Only verdict 0 admits. */
static int bgs_begin_session(bgs_server *server, const char *ticket, const char *steam_id, int wait, int *begin,
                             int *verdict) {
  size_t size = strlen(ticket) + strlen(steam_id) + 96;
  char *body = malloc(size);
  int result;
  if (body == NULL) return -1;
  snprintf(body, size, "{\"ticket\":\"%s\",\"steamId\":\"%s\",\"wait\":%d}", ticket, steam_id, wait);
  result = bgs_self(server, "POST", "/sessions", body);
  free(body);
  if (result != 0) return -1;
  *begin = (int)bgs_number(server->answer, "beginResult", -1);
  *verdict = (int)bgs_number(bgs_field(server->answer, "verdict"), "response", -1);
  return 0;
}

static int bgs_show_player(bgs_server *server, const char *steam_id, const char *name, int score) {
  char path[96], body[1024], text[900];
  bgs_quote(text, text + sizeof text - 1, name);
  snprintf(path, sizeof path, "/sessions/%.64s", steam_id);
  snprintf(body, sizeof body, "{\"name\":%s,\"score\":%d}", text, score);
  return bgs_self(server, "PATCH", path, body);
}

static int bgs_end_session(bgs_server *server, const char *steam_id) {
  char path[96];
  snprintf(path, sizeof path, "/sessions/%.64s", steam_id);
  return bgs_self(server, "DELETE", path, NULL);
}

/* Calls back for each signal since the last time with its name and its data as JSON; waits up to `wait` seconds. */
static int bgs_signals(bgs_server *server, int wait, void (*heard)(void *, const char *, const char *), void *user) {
  char path[96], name[64];
  const char *at;
  snprintf(path, sizeof path, "/signals?after=%ld&wait=%d", server->seq, wait);
  if (bgs_self(server, "GET", path, NULL) != 0) return -1;
  server->seq = bgs_number(server->answer, "next", server->seq);
  for (at = server->answer; bgs_text(at, "signal", name, sizeof name) == 0;) {
    at = bgs_field(bgs_field(at, "signal"), "data");
    if (at == NULL) break;
    heard(user, name, at);
  }
  return 0;
}

static int bgs_log_off(bgs_server *server) { return bgs_self(server, "POST", "/logoff", "{}"); }

static int bgs_shut_down(bgs_server *server) {
  int result = bgs_self(server, "DELETE", "", NULL);
  curl_easy_cleanup(server->curl);
  free(server->answer);
  memset(server, 0, sizeof *server);
  return result;
}

#endif
