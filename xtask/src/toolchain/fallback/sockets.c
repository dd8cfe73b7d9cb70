/* The standard library for wasm32-wasip2 refers to sockets, which a C library for WASI preview 1
   does not have. Here each of them fails; a skill reaches the network through wasi:http alone. */
#include <errno.h>

typedef unsigned int length;
#define ABSENT(name, parameters) __attribute__((weak)) int name parameters { errno = ENOSYS; return -1; }
#define ABSENT_IO(name, parameters) __attribute__((weak)) long name parameters { errno = ENOSYS; return -1; }

ABSENT(socket, (int domain, int type, int protocol))
ABSENT(connect, (int socket, const void *address, length size))
ABSENT(bind, (int socket, const void *address, length size))
ABSENT(listen, (int socket, int backlog))
ABSENT(getsockname, (int socket, void *address, length *size))
ABSENT(getpeername, (int socket, void *address, length *size))
ABSENT(setsockopt, (int socket, int level, int name, const void *value, length size))
ABSENT_IO(sendto, (int socket, const void *data, unsigned long count, int flags, const void *address, length size))
ABSENT_IO(recvfrom, (int socket, void *data, unsigned long count, int flags, void *address, length *size))

__attribute__((weak)) int getaddrinfo(const char *node, const char *service, const void *hints, void **found) {
  return -4; /* EAI_FAIL */
}
__attribute__((weak)) void freeaddrinfo(void *found) {}
__attribute__((weak)) const char *gai_strerror(int error) { return "no sockets in this C library"; }
