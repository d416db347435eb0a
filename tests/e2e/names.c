/* SPDX-License-Identifier: MIT
 *
 * To be preloaded: what names mean is in the file that MENTIOND_TEST_NAMES names, a line "NAME [ADDRESS]..." each, and
 * read anew each time; nothing else has an address.  Of the public addresses 8.8.8.8 is this machine, and 8.8.4.4
 * refuses; nothing leaves this machine: what would is a line in the file with .out behind its name. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int (*real_getaddrinfo)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
static int (*real_connect)(int, const struct sockaddr *, socklen_t);

__attribute__((constructor)) static void find(void)
{
        real_getaddrinfo = (int (*)(const char *, const char *, const struct addrinfo *,
                                    struct addrinfo **)) dlsym(RTLD_NEXT, "getaddrinfo");
        real_connect = (int (*)(int, const struct sockaddr *, socklen_t)) dlsym(RTLD_NEXT, "connect");
}

static int numeric(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ret)
{
        struct addrinfo h = hints ? *hints : (struct addrinfo) { .ai_socktype = SOCK_STREAM };

        h.ai_flags |= AI_NUMERICHOST;
        return real_getaddrinfo(node, service, &h, ret);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ret)
{
        const char *file = getenv("MENTIOND_TEST_NAMES");
        FILE *f = node && file ? fopen(file, "re") : NULL;
        struct addrinfo *list = NULL, **end = &list;
        char line[1024];

        if (numeric(node, service, hints, ret) == 0) {
                if (f)
                        fclose(f);
                return 0;
        }
        while (f && fgets(line, sizeof line, f)) {
                char *save, *name = strtok_r(line, " \n", &save), *address;

                if (!name || strcmp(name, node) != 0)
                        continue;
                while ((address = strtok_r(NULL, " \n", &save)))
                        if (numeric(address, service, hints, end) == 0)
                                while (*end)
                                        end = &(*end)->ai_next;
        }
        if (f)
                fclose(f);
        *ret = list;
        return list ? 0 : EAI_NONAME;
}

static int leave(const struct sockaddr *a)
{
        char name[NI_MAXHOST] = "", *file = NULL;
        FILE *f;

        (void) getnameinfo(a, a->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6), name,
                           sizeof name, NULL, 0, NI_NUMERICHOST);
        if (asprintf(&file, "%s.out", getenv("MENTIOND_TEST_NAMES")) >= 0 && (f = fopen(file, "ae"))) {
                fprintf(f, "%s\n", name);
                fclose(f);
        }
        free(file);
        errno = ENETUNREACH;
        return -1;
}

int connect(int fd, const struct sockaddr *a, socklen_t size)
{
        struct sockaddr_in in;

        if (a->sa_family == AF_INET6)
                return leave(a);
        if (a->sa_family != AF_INET)
                return real_connect(fd, a, size);
        memcpy(&in, a, sizeof in);
        switch (ntohl(in.sin_addr.s_addr)) {
        case 0x7f000001:
                break;
        case 0x08080808:
                in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
                break;
        case 0x08080404:
                errno = ECONNREFUSED;
                return -1;
        default:
                return leave(a);
        }
        return real_connect(fd, (const struct sockaddr *) &in, sizeof in);
}
