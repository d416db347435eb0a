/* SPDX-License-Identifier: MIT
 * L1.  HTTP requests by libcurl, which nobody else includes.  The rules (DESIGN.md section 7):
 *
 *  - an unsafe request is never sent twice, whatever libcurl would like to do
 *  - redirects are not followed; TLS is verified; http and https only
 *  - header size, decoded size and time are bounded; a connection that trickles is cut
 *  - a guarded request connects to public addresses only, judged on the address of the socket; through a proxy, which
 *    resolves names itself, only a host written as an address (or as localhost) can be judged
 *  - the caller learns whether the server may have acted: enum http_fate
 */
#ifndef IO_HTTP_H
#define IO_HTTP_H

#include "base/buffer.h"
#include "io/task.h"

enum http_fate {
        HTTP_REPLIED,        /* a whole reply is there */
        HTTP_UNSENT,         /* nothing left us */
        HTTP_LOST,           /* something left us, and no whole reply came back within the limits */
        HTTP_REFUSED,        /* we would not: bad URL, address guard; nothing left us */
        HTTP_CANCELED,       /* the task was canceled or its deadline passed; an unsafe request has not left us (if
                              * some of it had, that is HTTP_LOST), another one may have */
};

#define HTTP_HEADERS_MAX (64 * 1024)                 /* more than any server of this field sends by far */
#define HTTP_BODY_MAX (8 * 1024 * 1024)              /* a page of 80 statuses is under 1 MiB */
#define HTTP_CONNECT_USEC (10 * USEC_PER_SEC)
#define HTTP_TOTAL_USEC (60 * USEC_PER_SEC)
#define HTTP_SLOW_BYTES 64                           /* under so many bytes a second ... */
#define HTTP_SLOW_SECONDS 20                         /* ... for so long is a cut connection, once the reply has begun: a
                                                      * long poll, or a helpdesk that thinks, has the total time */

struct http_request {
        const char *method;              /* "GET" */
        const char *url;
        const char *const *headers;      /* "Name: value", NULL-terminated, or NULL; with Content-Type if there is a body,
                                          * without what frames or addresses the message (Host, Content-Length, ...) */
        const char *bearer;              /* Authorization: Bearer; NULL for none */
        const char *body;                /* NULL: no body */
        size_t body_size;
        bool repeatable;                 /* GET and HEAD always are */
        bool guarded;                    /* public addresses only */
        size_t max_body;                 /* 0: HTTP_BODY_MAX */
        int64_t total_usec;              /* 0: HTTP_TOTAL_USEC */
        const char *proxy;               /* "" or NULL: none (never from the environment) */
        const char *ca_file;             /* instead of the system's; "" or NULL: the system's */
        int ip_version;                  /* 0: either; 4; 6 */
};

struct http_reply {
        enum http_fate fate;
        uint32_t status;                 /* 0 if no whole header came; with HTTP_LOST only for the record */
        struct buffer headers;           /* as received, last reply only, "Name: value\r\n" lines, no trailer */
        struct buffer body;              /* decoded; empty where fate is not HTTP_REPLIED */
        char *error;                     /* one sentence where fate is not HTTP_REPLIED, else NULL; holds no path, query,
                                          * body, token or proxy password */
        int64_t took_usec;
};

void http_reply_done(struct http_reply *r);
#define _cleanup_http_reply_ _cleanup_(http_reply_done)

/* Also sets SIGPIPE to be ignored, for the whole process: OpenSSL writes with write(2). */
struct http;
int http_new(struct loop *l, const char *user_agent, struct http **ret);
void http_free(struct http *h);
DEFINE_CLEANUP(struct http *, http_free)

/* Waits.  *ret is always filled in.  What q points to must live until it returns. */
void http_perform(struct http *h, const struct http_request *q, struct http_reply *ret);

/* A date as HTTP, mail and RSS write it, "Sun, 22 Nov 2026 10:00:00 GMT" or another zone, in microseconds; 0 if it is none. */
int64_t http_parse_date(const char *text);

/* The value of a header, malloced, or NULL.  Name without regard to case; the first one counts. */
char *http_header(const struct http_reply *r, const char *name);

/* Whether two URLs have the same scheme, host and port. */
bool http_same_origin(const char *a, const char *b);

/* 0, or -EINVAL if it is not an absolute http or https URL, or holds credentials, blanks or controls. */
int http_check_url(const char *url);

#endif
