/* SPDX-License-Identifier: MIT
 * L0.  Message authentication codes, as the signatures of calls from outside. */
#ifndef BASE_MAC_H
#define BASE_MAC_H

#include "base/util.h"

enum mac_hash { MAC_SHA1, MAC_SHA256 };
#define MAC_MAX 32               /* bytes */

/* HMAC (RFC 2104) of data under a key that is a string; returns its size. */
size_t mac_of(enum mac_hash hash, const char *key, const void *data, size_t size, uint8_t ret[MAC_MAX]);

/* Malloced. */
char *mac_hex(const uint8_t *mac, size_t size);      /* in lower case */
char *mac_base64(const uint8_t *mac, size_t size);   /* with its padding */

/* Takes as long wherever they differ; only that their lengths differ may be seen. */
bool mac_equal(const char *a, const char *b);

/* n random bytes in hex, malloced: a key that nobody knows. */
char *mac_random(size_t n);

#endif
