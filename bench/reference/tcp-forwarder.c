/*
 * The limit to compare with: a TCP forwarder in C on one thread and one epoll instance.
 * Accepts on 127.0.0.1:LISTEN, opens one connection to 127.0.0.1:TARGET for each and moves bytes both
 * ways in chunks of up to 64 KiB. Everything is non-blocking, TCP_NODELAY is set on both sides, a side that does not
 * read stops only its own partner, and the end of one side is passed on after its bytes.
 *
 * Usage: tcp-forwarder LISTEN TARGET     prints "ready PORT" (LISTEN 0 takes any free port)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 65536, EVENTS = 256 };

struct side {
  int fd;
  uint32_t interest;
  int ended;           /* no more bytes will come from this side */
  int shut;            /* the end was passed on to this side */
  size_t held, offset; /* bytes read from this side that the partner has not taken yet */
  char *buffer;        /* allocated while bytes are held */
  struct side *partner;
  struct side *next_dead;
};

static int poller;
static struct side *dead;
static char scratch[CHUNK];

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void set_no_delay(int fd) {
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void want(struct side *side, uint32_t interest) {
  if (side->interest == interest) return;
  struct epoll_event event = {.events = interest, .data.ptr = side};
  side->interest = interest;
  epoll_ctl(poller, EPOLL_CTL_MOD, side->fd, &event);
}

/* Closes both sides now; their memory goes after this round of events, which may still name them. */
static void close_pair(struct side *side) {
  if (side->fd < 0) return;
  struct side *both[2] = {side, side->partner};
  for (int i = 0; i < 2; i++) {
    close(both[i]->fd);
    both[i]->fd = -1;
    both[i]->next_dead = dead;
    dead = both[i];
  }
}

static void refresh(struct side *side) {
  uint32_t interest = 0;
  if (!side->ended && side->held == 0) interest |= EPOLLIN;
  if (side->partner->held > 0) interest |= EPOLLOUT;
  want(side, interest);
}

/* Sends what is held for `to`; 0 when the pair is gone. */
static int flush_to(struct side *to) {
  struct side *from = to->partner;
  while (from->held > 0) {
    ssize_t sent = send(to->fd, from->buffer + from->offset, from->held, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EAGAIN) break;
      close_pair(to);
      return 0;
    }
    from->offset += (size_t)sent;
    from->held -= (size_t)sent;
  }
  if (from->held == 0) {
    free(from->buffer);
    from->buffer = NULL;
    if (from->ended && !to->shut) {
      shutdown(to->fd, SHUT_WR);
      to->shut = 1;
      if (to->ended && from->shut) {
        close_pair(to);
        return 0;
      }
    }
  }
  return 1;
}

static void read_from(struct side *from) {
  struct side *to = from->partner;
  ssize_t got = recv(from->fd, scratch, CHUNK, 0);
  if (got < 0) {
    if (errno != EAGAIN) close_pair(from);
    return;
  }
  if (got == 0) {
    from->ended = 1;
    if (!flush_to(to)) return;
  } else {
    ssize_t sent = send(to->fd, scratch, (size_t)got, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {
      close_pair(from);
      return;
    }
    if (sent < 0) sent = 0;
    if (sent < got) {
      from->held = (size_t)(got - sent);
      from->offset = 0;
      from->buffer = malloc(from->held);
      if (from->buffer == NULL) {
        close_pair(from);
        return;
      }
      memcpy(from->buffer, scratch + sent, from->held);
    }
  }
  refresh(from);
  refresh(to);
}

static struct side *watch(int fd) {
  struct side *side = calloc(1, sizeof *side);
  if (side == NULL) die("calloc");
  side->fd = fd;
  side->interest = EPOLLIN;
  set_no_delay(fd);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = side};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
  return side;
}

static void accept_one(int listener, const struct sockaddr_in *target) {
  int in = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (in < 0) return;
  /* Loopback answers a connect at once, so this one call may block. */
  int out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (out < 0 || connect(out, (const struct sockaddr *)target, sizeof *target) < 0 ||
      fcntl(out, F_SETFL, O_NONBLOCK) < 0) {
    if (out >= 0) close(out);
    close(in);
    return;
  }
  struct side *one = watch(in), *other = watch(out);
  one->partner = other;
  other->partner = one;
}

static void handle(struct side *side, uint32_t events) {
  if (side->fd < 0) return;
  if (events & EPOLLERR) {
    close_pair(side);
    return;
  }
  if (events & EPOLLOUT) {
    if (!flush_to(side)) return;
    refresh(side);
    refresh(side->partner);
  }
  if (events & (EPOLLIN | EPOLLHUP)) {
    if (!side->ended && side->held == 0) read_from(side);
    else if (events & EPOLLHUP) close_pair(side);
  }
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: %s LISTEN TARGET\n", argv[0]);
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
  struct sockaddr_in target = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
  here.sin_addr.s_addr = target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr *)&here, sizeof here) < 0) die("bind");
  if (listen(listener, 1024) < 0) die("listen");
  socklen_t length = sizeof here;
  getsockname(listener, (struct sockaddr *)&here, &length);

  poller = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  if (poller < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event) < 0) die("epoll");
  printf("ready %d\n", ntohs(here.sin_port));
  fflush(stdout);

  struct epoll_event events[EVENTS];
  for (;;) {
    int count = epoll_wait(poller, events, EVENTS, -1);
    for (int i = 0; i < count; i++) {
      if (events[i].data.ptr == NULL) accept_one(listener, &target);
      else handle(events[i].data.ptr, events[i].events);
    }
    while (dead != NULL) {
      struct side *next = dead->next_dead;
      free(dead->buffer);
      free(dead);
      dead = next;
    }
  }
}
