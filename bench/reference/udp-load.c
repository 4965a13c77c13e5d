/*
 * Load for a UDP responder on loopback: SOCKETS connected sockets keep WINDOW questions each on their way until
 * COUNT answers have come, so that the responder always finds full batches. Lost questions are asked again when
 * nothing has come for 50 ms; after five seconds without an answer it gives up and ends with code 1. An error of a
 * socket is no answer: where nobody listens any more every question brings one.
 *
 *   fixed   always the same question
 *   info    A2S INFO: the question is given without a challenge, which the answer 'A' brings
 *   unique  a list request whose filter ends in \napp\NUMBER, never the same twice
 *   join    heartbeats: `q`, and for each challenge a join made of HEX, the challenge and the players
 *   train   windows leave as trains of equal datagrams (GSO) and come back joined (GRO)
 *
 *   udp-load PORT COUNT SOCKETS WINDOW MODE HEX     prints "answers BYTES SECONDS"
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, SLOT = 2048, MOST_SOCKETS = 256, TRAIN_SLOT = 65536 };
enum mode { FIXED, INFO, UNIQUE, JOIN, TRAIN };

struct client {
  int fd;
  int waiting;
  uint32_t challenge;
  int challenged;
};

static struct client clients[MOST_SOCKETS];
static unsigned char question[1500];
static size_t question_length;
static enum mode mode;
static long unique_number;
static char in[BATCH][SLOT], out[BATCH * 2][SLOT];
static char train_in[8][TRAIN_SLOT], train_out[TRAIN_SLOT];

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Fills the slot with the next question of a client. */
static size_t next_question(struct client *client, char *slot) {
  memcpy(slot, question, question_length);
  switch (mode) {
    case INFO:
      if (!client->challenged) return question_length;
      memcpy(slot + question_length, &client->challenge, 4);
      return question_length + 4;
    case UNIQUE:
      return question_length + (size_t)sprintf(slot + question_length, "\\napp\\%ld", ++unique_number) + 1;
    case JOIN:
      slot[0] = 'q';
      return 1;
    default:
      return question_length;
  }
}

static size_t join_with(char *slot, uint32_t challenge) {
  memcpy(slot, question, question_length);
  /* Players change with each join, so that nothing can be taken for a mere refresh. */
  return question_length + (size_t)sprintf(slot + question_length, "\\challenge\\%u\\players\\%ld\n",
                                           challenge, ++unique_number % 16);
}

static void flush(struct client *client, size_t *lengths, int count) {
  static struct mmsghdr headers[BATCH * 2];
  static struct iovec vectors[BATCH * 2];
  for (int i = 0; i < count; i++) {
    vectors[i] = (struct iovec){out[i], lengths[i]};
    headers[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
  }
  for (int done = 0; done < count;) {
    int sent = sendmmsg(client->fd, headers + done, (unsigned)(count - done), 0);
    done += sent > 0 ? sent : 1;
  }
}

static void ask(struct client *client, int count) {
  size_t lengths[BATCH * 2];
  client->waiting += count;
  if (mode == TRAIN) {
    int most = (int)(63000 / question_length);
    if (most > 64) most = 64;
    for (int left = count; left > 0; left -= most) {
      int now_sent = left < most ? left : most;
      for (int i = 0; i < now_sent; i++)
        memcpy(train_out + (size_t)i * question_length, question, question_length);
      send(client->fd, train_out, (size_t)now_sent * question_length, 0);
    }
    return;
  }
  while (count > 0) {
    int part = count < BATCH ? count : BATCH;
    for (int i = 0; i < part; i++) lengths[i] = next_question(client, out[i]);
    flush(client, lengths, part);
    count -= part;
  }
}

/* Takes what has come; the number of answers. */
static int take(struct client *client, long *bytes) {
  static struct mmsghdr headers[BATCH];
  static struct iovec vectors[BATCH];
  if (mode == TRAIN) {
    int answers = 0;
    for (int i = 0; i < 8; i++) {
      ssize_t got = recv(client->fd, train_in[0], TRAIN_SLOT, MSG_DONTWAIT);
      if (got < 0) break;
      *bytes += got;
      answers += (int)(((size_t)got + question_length - 1) / question_length);
    }
    client->waiting -= answers;
    return answers;
  }
  for (int i = 0; i < BATCH; i++) {
    vectors[i] = (struct iovec){in[i], SLOT};
    headers[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
  }
  int count = recvmmsg(client->fd, headers, BATCH, MSG_DONTWAIT, NULL);
  if (count <= 0) return 0;
  client->waiting -= count;
  size_t lengths[BATCH * 2];
  int joins = 0;
  for (int i = 0; i < count; i++) {
    *bytes += headers[i].msg_len;
    if (mode == INFO && in[i][4] == 'A' && headers[i].msg_len == 9) {
      memcpy(&client->challenge, in[i] + 5, 4);
      client->challenged = 1;
    }
    if (mode == JOIN && headers[i].msg_len >= 10) {
      uint32_t challenge;
      memcpy(&challenge, in[i] + 6, 4);
      lengths[joins] = join_with(out[joins], challenge);
      joins++;
    }
  }
  if (joins > 0) flush(client, lengths, joins);
  return count;
}

static enum mode mode_of(const char *name) {
  static const char *const names[] = {"fixed", "info", "unique", "join", "train"};
  for (int i = 0; i < 5; i++)
    if (strcmp(name, names[i]) == 0) return (enum mode)i;
  fprintf(stderr, "no mode %s\n", name);
  exit(2);
}

int main(int argc, char **argv) {
  if (argc != 7) {
    fprintf(stderr, "usage: %s PORT COUNT SOCKETS WINDOW MODE HEX\n", argv[0]);
    return 2;
  }
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  long wanted = atol(argv[2]);
  int sockets = atoi(argv[3]), window = atoi(argv[4]);
  mode = mode_of(argv[5]);
  for (const char *hex = argv[6]; hex[0] && hex[1] && question_length < 1400; hex += 2) {
    unsigned byte;
    if (sscanf(hex, "%2x", &byte) != 1) return 2;
    question[question_length++] = (unsigned char)byte;
  }
  if (sockets < 1 || sockets > MOST_SOCKETS || question_length == 0) return 2;
  struct pollfd polls[MOST_SOCKETS];
  for (int i = 0; i < sockets; i++) {
    int buffer = 4 * 1024 * 1024, on = 1, segment = (int)question_length;
    clients[i].fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    setsockopt(clients[i].fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    setsockopt(clients[i].fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    if (mode == TRAIN) {
      setsockopt(clients[i].fd, SOL_UDP, UDP_GRO, &on, sizeof on);
      setsockopt(clients[i].fd, SOL_UDP, UDP_SEGMENT, &segment, sizeof segment);
    }
    if (connect(clients[i].fd, (struct sockaddr *)&to, sizeof to) < 0) {
      perror("connect");
      return 1;
    }
    polls[i] = (struct pollfd){.fd = clients[i].fd, .events = POLLIN};
  }
  long answers = 0, bytes = 0;
  if (mode == INFO) {
    for (int i = 0; i < sockets; i++) ask(&clients[i], 1);
    double end = now() + 1;
    for (int left = sockets; left > 0 && now() < end;) {
      poll(polls, (nfds_t)sockets, 50);
      for (int i = 0; i < sockets; i++)
        if (take(&clients[i], &bytes) > 0) left--;
    }
  }
  double begin = now(), heard = begin;
  for (int i = 0; i < sockets; i++) ask(&clients[i], window);
  while (answers < wanted && now() - heard < 5) {
    /* Waking the load would be charged to the responder: for a while it looks again instead of sleeping. */
    int ready = 0;
    for (double until = now() + 0.0005; ready == 0 && now() < until;)
      ready = poll(polls, (nfds_t)sockets, 0);
    if (ready == 0) ready = poll(polls, (nfds_t)sockets, 50);
    if (ready == 0) {
      for (int i = 0; i < sockets; i++) {
        clients[i].waiting = 0;
        ask(&clients[i], window);
      }
      continue;
    }
    long before = answers;
    for (int i = 0; i < sockets; i++) {
      if (!(polls[i].revents & (POLLIN | POLLERR))) continue;
      int got = take(&clients[i], &bytes);
      answers += got;
      /* Half a window at once keeps both directions in batches. */
      if (window - clients[i].waiting >= window / 2) ask(&clients[i], window - clients[i].waiting);
    }
    if (answers > before) heard = now();
  }
  printf("%ld %ld %.6f\n", answers, bytes, now() - begin);
  return answers >= wanted ? 0 : 1;
}
