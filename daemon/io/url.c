/* SPDX-License-Identifier: MIT
 *
 * A strict reader of http and https URLs.  It takes less than libcurl's parser does (no missing slashes, no
 * credentials, no escapes in the host), and what it takes, libcurl takes the same way.  Called by http.c.
 */
#include "io/url.h"

#include <errno.h>
#include <strings.h>

static bool is_host_char(unsigned char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
               c == '_' || c >= 0x80;    /* internationalised names go on to libidn2 */
}

static int parse_port(const char *p, const char *end, uint16_t *ret)
{
        unsigned long n = 0;

        if (p == end)
                return -EINVAL;
        for (; p < end; p++) {
                if (*p < '0' || *p > '9')
                        return -EINVAL;
                n = n * 10 + (unsigned long) (*p - '0');
                if (n > UINT16_MAX)
                        return -EINVAL;
        }
        if (n == 0)
                return -EINVAL;
        *ret = (uint16_t) n;
        return 0;
}

int url_parse(const char *s, struct url *ret)
{
        struct url u = { .tls = false };
        const char *p, *end;

        for (p = s; *p; p++)
                if ((unsigned char) *p <= ' ' || *p == 0x7f)
                        return -EINVAL;
        if (strncasecmp(s, "https://", 8) == 0)
                u.tls = true;
        else if (strncasecmp(s, "http://", 7) != 0)
                return -EINVAL;
        u.port = u.tls ? 443 : 80;
        u.host = s + (u.tls ? 8 : 7);
        end = u.host + strcspn(u.host, "/?#");

        if (*u.host == '[') {
                u.literal6 = true;
                u.host++;
                u.host_size = strspn(u.host, "0123456789abcdefABCDEF:.");
                p = u.host + u.host_size;
                if (*p++ != ']')
                        return -EINVAL;
        } else {
                for (p = u.host; p < end && is_host_char((unsigned char) *p); p++)
                        ;
                u.host_size = (size_t) (p - u.host);
        }
        if (u.host_size == 0)
                return -EINVAL;
        if (p < end && (*p != ':' || parse_port(p + 1, end, &u.port) < 0))
                return -EINVAL;
        *ret = u;
        return 0;
}

char *url_authority(const struct url *u)
{
        return xasprintf(u->literal6 ? "[%.*s]:%u" : "%.*s:%u", (int) MIN(u->host_size, (size_t) 255), u->host,
                         (unsigned) u->port);
}
