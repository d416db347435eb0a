/* SPDX-License-Identifier: MIT
 *
 * What http.h has that needs no connection: replies read, URLs compared.  Owns nothing; anyone may call it.
 */
#include "io/http.h"

#include "io/head.h"
#include "io/url.h"

#include <curl/curl.h>
#include <strings.h>

void http_reply_done(struct http_reply *r)
{
        buffer_done(&r->headers);
        buffer_done(&r->body);
        free(TAKE_PTR(r->error));
}

char *http_header(const struct http_reply *r, const char *name)
{
        return head_find(buffer_str(&r->headers), name);
}

int64_t http_parse_date(const char *text)
{
        int64_t seconds = text ? (int64_t) curl_getdate(text, NULL) : 0;

        return seconds > 0 && seconds <= INT64_MAX / USEC_PER_SEC ? seconds * USEC_PER_SEC : 0;
}

bool http_same_origin(const char *a, const char *b)
{
        struct url x, y;

        return url_parse(a, &x) == 0 && url_parse(b, &y) == 0 && x.tls == y.tls && x.port == y.port &&
               x.literal6 == y.literal6 && x.host_size == y.host_size &&
               strncasecmp(x.host, y.host, x.host_size) == 0;
}

int http_check_url(const char *url)
{
        struct url u;

        return url_parse(url, &u);
}
