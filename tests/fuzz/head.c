/* SPDX-License-Identifier: MIT
 *
 * Heads of HTTP replies line by line, what they say of limits and silence, URLs and addresses.
 *
 * The input: the head up to an empty line, and a URL in each line behind it.  A line end is what stands there: libcurl
 * hands lines over with theirs.
 */
#include "fuzz.h"

#include "base/clock.h"
#include "host/budget.h"
#include "io/address.h"
#include "io/head.h"
#include "io/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#define PAUSE_MAX_USEC (6 * USEC_PER_HOUR)

static int64_t now(void)
{
        return INT64_C(1795300000) * USEC_PER_SEC;
}

static void randomness(void *p, size_t n)
{
        memset(p, 7, n);
}

static const struct clock_source still = { .utc_usec = now, .mono_usec = now, .random = randomness };

static void check_fields(const struct buffer *fields)
{
        static const char *const names[] = { "Content-Length", "Content-Type", "Retry-After", "X" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_free_ char *value = head_find(buffer_str(fields), names[i]);

                MUST(!value || !*value || (!strchr(" \t", value[0]) && !strchr(" \t", value[strlen(value) - 1])));
        }
}

static void check_budget(struct http_reply *r)
{
        struct budget b = { .rate = 60 };

        for (int i = 0; i < 3; i++) {
                int64_t silence = budget_learn(&b, r, i == 2 ? INT64_MAX : 0), at;

                MUST(silence >= 0 && silence <= PAUSE_MAX_USEC);
                MUST((r->status == 429) <= (silence >= USEC_PER_SEC));
                MUST(b.limit >= 0 && b.reset_usec <= now() + PAUSE_MAX_USEC);
                budget_pause(&b, silence);
                at = budget_take(&b);
                MUST(at >= now() && at <= now() + PAUSE_MAX_USEC);
                MUST(budget_is_paused(&b) == (b.pause_usec > now()));
        }
}

static void check_head(struct input *in)
{
        struct http_reply r = { .headers = BUFFER_INIT(HTTP_HEADERS_MAX) };
        struct head h = { .stage = HEAD_STATUS };
        int ended = 0;

        while (in->size > 0 && !ended) {
                size_t size;
                _cleanup_free_ char *line = input_until(in, "\n", &size);
                int result = head_take(&h, &r.headers, line, size);

                MUST(!result == !h.broken);
                ended = h.broken || h.stage == HEAD_END;
        }
        MUST(h.stage != HEAD_END || h.broken || h.status >= 200);
        MUST(r.headers.size <= HTTP_HEADERS_MAX);
        check_fields(&r.headers);
        if (h.stage == HEAD_END && !h.broken) {
                r.status = (uint32_t) h.status;
                check_budget(&r);
        }
        buffer_done(&r.headers);
}

static void check_host(const struct url *u)
{
        _cleanup_free_ char *host = xstrndup(u->host, u->host_size);
        bool may_be_public = address_host_may_be_public(host);
        struct sockaddr_in in = { .sin_family = AF_INET };
        struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

        /* A host that is an address is judged as the socket's would be. */
        if (inet_pton(AF_INET, host, &in.sin_addr) == 1)
                MUST(may_be_public == address_is_public((struct sockaddr *) &in));
        if (inet_pton(AF_INET6, host, &in6.sin6_addr) != 1)
                return;
        MUST(may_be_public == address_is_public((struct sockaddr *) &in6));
        MUST(!may_be_public || (!IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr) && !IN6_IS_ADDR_LINKLOCAL(&in6.sin6_addr)));
        if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
                memcpy(&in.sin_addr, in6.sin6_addr.s6_addr + 12, 4);
                MUST(may_be_public == address_is_public((struct sockaddr *) &in));
        }
}

static void check_url(const char *s)
{
        struct url u = { .port = 0 };
        _cleanup_free_ char *authority = NULL;

        (void) head_refuse(s);
        MUST(!head_is_token(s) || !head_has_controls(s));
        if (url_parse(s, &u) < 0) {
                MUST(!u.host);
                return;
        }
        MUST(u.port > 0 && u.host_size > 0);
        MUST(u.host > s && u.host + u.host_size <= s + strlen(s));
        MUST(!memchr(u.host, '@', u.host_size) && !memchr(u.host, '%', u.host_size));
        authority = url_authority(&u);
        MUST(strchr(authority, ':'));
        check_host(&u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct input in = { (const char *) data, size };

        clock_set_source(&still);
        check_head(&in);
        while (in.size > 0) {
                _cleanup_free_ char *line = input_line(&in);

                check_url(line);
        }
        return 0;
}
