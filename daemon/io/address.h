/* SPDX-License-Identifier: MIT
 * L1.  Which addresses belong to the public internet: the guard against requests that a stranger's post
 * would steer into the company's own network. */
#ifndef IO_ADDRESS_H
#define IO_ADDRESS_H

#include "base/util.h"
#include <sys/socket.h>

/* Whether it is a unicast IPv4 or IPv6 address that the public internet routes.  An IPv6 address that carries an
 * IPv4 address (mapped, NAT64, 6to4) is as public as that one. */
bool address_is_public(const struct sockaddr *sa);

/* For when somebody else (a proxy) resolves: false if the host of a URL, without brackets, is written as an address
 * that is not public, in any form that inet_aton(3) takes ("0x7f.1"), or as localhost.  A name tells nothing more. */
bool address_host_may_be_public(const char *host);

/* Where to listen: "127.0.0.1:8090", "[::1]:8090", or the path of a socket.  0; -EINVAL, or -ENAMETOOLONG for a path. */
int address_parse(const char *text, struct sockaddr_storage *ret, socklen_t *ret_size);
bool address_is_loopback(const struct sockaddr *sa); /* reached from this machine alone */

#endif
