/* SPDX-License-Identifier: MIT
 * L1.  The little of a URL that must be known before libcurl gets it: strict, so that both read the same. */
#ifndef IO_URL_H
#define IO_URL_H

#include "base/util.h"

struct url {
        bool tls;
        bool literal6;       /* the host stood in brackets */
        const char *host;    /* in the URL, without brackets; never empty */
        size_t host_size;
        uint16_t port;       /* the scheme's own if none is given */
};

/* 0; or -EINVAL if it is not absolute http or https, or holds credentials, blanks, controls, an escape or a zone in
 * the host, or a port that is none.  ret points into s. */
int url_parse(const char *s, struct url *ret);

char *url_authority(const struct url *u);            /* "host:port" for messages, malloced */

#endif
