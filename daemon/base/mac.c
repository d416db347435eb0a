/* SPDX-License-Identifier: MIT
 *
 * Message authentication codes.  Owns nothing; the one user of libcrypto, whose own work this is.
 */
#include "base/mac.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

size_t mac_of(enum mac_hash hash, const char *key, const void *data, size_t size, uint8_t ret[MAC_MAX])
{
        unsigned n = 0;

        /* It fails for want of memory alone; and without a MAC nothing may be taken for signed. */
        if (!HMAC(hash == MAC_SHA1 ? EVP_sha1() : EVP_sha256(), key, (int) strlen(key), data, size, ret, &n))
                out_of_memory();
        return n;
}

char *mac_hex(const uint8_t *mac, size_t size)
{
        static const char digits[] = "0123456789abcdef";
        char *text = xmalloc(2 * size + 1);

        for (size_t i = 0; i < size; i++) {
                text[2 * i] = digits[mac[i] >> 4];
                text[2 * i + 1] = digits[mac[i] & 15];
        }
        text[2 * size] = '\0';
        return text;
}

char *mac_base64(const uint8_t *mac, size_t size)
{
        char *text = xmalloc((size + 2) / 3 * 4 + 1);

        (void) EVP_EncodeBlock((unsigned char *) text, mac, (int) size);
        return text;
}

bool mac_equal(const char *a, const char *b)
{
        size_t size = strlen(a);

        return strlen(b) == size && CRYPTO_memcmp(a, b, size) == 0;
}

char *mac_random(size_t n)
{
        _cleanup_free_ uint8_t *bytes = xmalloc(n);

        if (RAND_bytes(bytes, (int) n) != 1)
                out_of_memory();
        return mac_hex(bytes, n);
}
