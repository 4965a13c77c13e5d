/*
 * The least a UDP responder can do, in C: every datagram is answered with SIZE bytes (0: with its own bytes).
 * `batch` takes and answers many datagrams with one system call each way, `single` one, as most servers do.
 * `train` is `batch` with GRO and GSO, for bulk from one peer.
 *
 *   udp-echo batch|single|train SIZE     prints "ready PORT"
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 64, SLOT = 65536 };

static struct mmsghdr headers[BATCH];
static struct iovec vectors[BATCH];
static struct sockaddr_in peers[BATCH];
static union { struct cmsghdr header; char bytes[CMSG_SPACE(sizeof(int))]; } controls[BATCH];
static char *slots;
static char answer[SLOT];

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void single(int fd, size_t size) {
  for (;;) {
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    ssize_t got = recvfrom(fd, slots, SLOT, 0, (struct sockaddr *)&peer, &length);
    if (got < 0) continue;
    if (size == 0) sendto(fd, slots, (size_t)got, 0, (struct sockaddr *)&peer, length);
    else sendto(fd, answer, size, 0, (struct sockaddr *)&peer, length);
  }
}

static void point(int i, int train) {
  headers[i].msg_hdr.msg_namelen = sizeof peers[i];
  headers[i].msg_hdr.msg_control = train ? &controls[i] : NULL;
  headers[i].msg_hdr.msg_controllen = train ? sizeof controls[i] : 0;
  vectors[i].iov_base = slots + (size_t)i * (SLOT + 320);
  vectors[i].iov_len = SLOT;
}

static void batch(int fd, size_t size, int train) {
  for (int i = 0; i < BATCH; i++) {
    headers[i].msg_hdr.msg_name = &peers[i];
    headers[i].msg_hdr.msg_iov = &vectors[i];
    headers[i].msg_hdr.msg_iovlen = 1;
    point(i, train);
  }
  for (;;) {
    int count = recvmmsg(fd, headers, BATCH, MSG_WAITFORONE, NULL);
    if (count < 0) {
      if (errno == EINTR) continue;
      die("recvmmsg");
    }
    for (int i = 0; i < count; i++) {
      struct msghdr *header = &headers[i].msg_hdr;
      vectors[i].iov_len = size == 0 ? headers[i].msg_len : size;
      if (size != 0) vectors[i].iov_base = answer;
      if (!train) continue;
      struct cmsghdr *control = CMSG_FIRSTHDR(header);
      int segment = 0;
      if (control != NULL && control->cmsg_level == SOL_UDP && control->cmsg_type == UDP_GRO)
        memcpy(&segment, CMSG_DATA(control), sizeof segment);
      header->msg_control = NULL;
      header->msg_controllen = 0;
      if (segment > 0 && (unsigned)segment < headers[i].msg_len) {
        uint16_t cut = (uint16_t)segment;
        controls[i].header.cmsg_len = CMSG_LEN(sizeof cut);
        controls[i].header.cmsg_level = SOL_UDP;
        controls[i].header.cmsg_type = UDP_SEGMENT;
        memcpy(CMSG_DATA(&controls[i].header), &cut, sizeof cut);
        header->msg_control = &controls[i];
        header->msg_controllen = CMSG_SPACE(sizeof cut);
      }
    }
    for (int done = 0; done < count;) {
      int sent = sendmmsg(fd, headers + done, (unsigned)(count - done), 0);
      done += sent > 0 ? sent : 1;
    }
    for (int i = 0; i < count; i++) point(i, train);
  }
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: %s batch|single|train SIZE\n", argv[0]);
    return 2;
  }
  int train = strcmp(argv[1], "train") == 0;
  size_t size = (size_t)atoi(argv[2]);
  if (size >= SLOT || (slots = malloc((size_t)BATCH * (SLOT + 320))) == NULL) return 2;
  memset(answer, 1, sizeof answer);
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  int buffer = 4 * 1024 * 1024, on = 1;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  if (train && setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on) < 0) die("UDP_GRO");
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof here;
  if (bind(fd, (struct sockaddr *)&here, sizeof here) < 0) die("bind");
  getsockname(fd, (struct sockaddr *)&here, &length);
  printf("ready %d\n", ntohs(here.sin_port));
  fflush(stdout);
  if (strcmp(argv[1], "single") == 0) single(fd, size);
  else batch(fd, size, train);
}
