/* SPDX-License-Identifier: MIT
 *
 * The address guard: pure functions over the special-purpose registries of IANA (RFC 6890 and its updates).
 * Called by http.c.
 * Also: addresses to listen on.
 */
#include "io/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/un.h>

static const struct {
        uint32_t net;
        unsigned bits;
} not_public4[] = {
        { 0x00000000, 8 },               /* this network, unspecified */
        { 0x0a000000, 8 },               /* private */
        { 0x64400000, 10 },              /* 100.64: carrier-grade NAT */
        { 0x7f000000, 8 },               /* loopback */
        { 0xa9fe0000, 16 },              /* link-local, and the clouds' metadata services */
        { 0xac100000, 12 },              /* private */
        { 0xc0000000, 24 },              /* 192.0.0: protocol assignments */
        { 0xc0000200, 24 },              /* documentation */
        { 0xc0586300, 24 },              /* 192.88.99: 6to4 relays, withdrawn */
        { 0xc0a80000, 16 },              /* private */
        { 0xc6120000, 15 },              /* 198.18: benchmarks */
        { 0xc6336400, 24 },              /* 198.51.100: documentation */
        { 0xcb007100, 24 },              /* 203.0.113: documentation */
        { 0xe0000000, 4 },               /* multicast */
        { 0xf0000000, 4 },               /* reserved, broadcast */
};

static bool is_public4(uint32_t address)
{
        for (size_t i = 0; i < ELEMENTSOF(not_public4); i++)
                if ((address ^ not_public4[i].net) >> (32 - not_public4[i].bits) == 0)
                        return false;
        return true;
}

static uint32_t get32(const uint8_t *p)
{
        return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 | p[3];
}

static bool is_public6(const uint8_t a[16])
{
        static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff }, nat64[12] = { 0, 0x64, 0xff, 0x9b };
        uint32_t first = get32(a);

        if (memcmp(a, mapped, sizeof mapped) == 0 || memcmp(a, nat64, sizeof nat64) == 0)
                return is_public4(get32(a + 12));
        if (a[0] >> 5 != 1)              /* outside of 2000::/3: loopback, ULA, link-local, multicast, IPv4-compatible */
                return false;
        if (first >> 16 == 0x2002)       /* 6to4 */
                return is_public4(get32(a + 2));
        return first >> 9 != 0x20010000 >> 9 &&    /* 2001::/23: protocol assignments, with Teredo */
               first != 0x20010db8 &&              /* documentation */
               first >> 12 != 0x3fff0000 >> 12;    /* documentation */
}

bool address_is_public(const struct sockaddr *sa)
{
        if (sa->sa_family == AF_INET) {
                struct sockaddr_in in;

                memcpy(&in, sa, sizeof in);
                return is_public4(ntohl(in.sin_addr.s_addr));
        }
        if (sa->sa_family == AF_INET6) {
                struct sockaddr_in6 in6;

                memcpy(&in6, sa, sizeof in6);
                return is_public6(in6.sin6_addr.s6_addr);
        }
        return false;
}

bool address_host_may_be_public(const char *host)
{
        _cleanup_free_ char *name = xstrdup(host);
        size_t size = strlen(name);
        struct in6_addr in6;
        struct in_addr in;

        while (size > 0 && name[size - 1] == '.')
                name[--size] = '\0';
        if (inet_aton(name, &in))
                return is_public4(ntohl(in.s_addr));
        if (inet_pton(AF_INET6, name, &in6) == 1)
                return is_public6(in6.s6_addr);
        if (size >= 9 && strcasecmp(name + size - 9, "localhost") == 0 && (size == 9 || name[size - 10] == '.'))
                return false;
        for (const char *p = name; *p; p++)
                if ((unsigned char) *p >= 0x80)    /* full-width digits become an address by the rules of IDN */
                        return false;
        return size > 0;
}

/* --- To listen on --- */

static int parse_path(const char *text, struct sockaddr_storage *ret, socklen_t *ret_size)
{
        struct sockaddr_un un = { .sun_family = AF_UNIX };

        if (strlen(text) >= sizeof un.sun_path)
                return -ENAMETOOLONG;
        memcpy(un.sun_path, text, strlen(text) + 1);
        memcpy(ret, &un, sizeof un);
        *ret_size = sizeof un;
        return 0;
}

int address_parse(const char *text, struct sockaddr_storage *ret, socklen_t *ret_size)
{
        struct sockaddr_in in = { .sin_family = AF_INET };
        struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
        const char *colon = strrchr(text, ':');
        _cleanup_free_ char *host = NULL;
        unsigned long port;
        char *end;

        *ret = (struct sockaddr_storage) { .ss_family = AF_UNSPEC };
        if (*text == '/')
                return parse_path(text, ret, ret_size);
        if (!colon || colon == text || colon[1] < '1' || colon[1] > '9')
                return -EINVAL;
        port = strtoul(colon + 1, &end, 10);
        if (*end || port > UINT16_MAX)
                return -EINVAL;
        if (*text == '[' && colon[-1] == ']') {
                host = xstrndup(text + 1, (size_t) (colon - text) - 2);
                if (inet_pton(AF_INET6, host, &in6.sin6_addr) != 1)
                        return -EINVAL;
                in6.sin6_port = htons((uint16_t) port);
                memcpy(ret, &in6, sizeof in6);
                *ret_size = sizeof in6;
                return 0;
        }
        host = xstrndup(text, (size_t) (colon - text));
        if (inet_pton(AF_INET, host, &in.sin_addr) != 1)
                return -EINVAL;
        in.sin_port = htons((uint16_t) port);
        memcpy(ret, &in, sizeof in);
        *ret_size = sizeof in;
        return 0;
}

bool address_is_loopback(const struct sockaddr *sa)
{
        if (sa->sa_family == AF_INET) {
                struct sockaddr_in in;

                memcpy(&in, sa, sizeof in);
                return ntohl(in.sin_addr.s_addr) >> 24 == 127;
        }
        if (sa->sa_family == AF_INET6) {
                struct sockaddr_in6 in6;

                memcpy(&in6, sa, sizeof in6);
                return IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
        }
        return sa->sa_family == AF_UNIX;
}
