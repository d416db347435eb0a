/* SPDX-License-Identifier: MIT
 *
 * Base64 (RFC 4648, with padding), in which helpdesks want and give attachments; and of tokens, without.
 */
#include "base/text.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *text_base64_encode(const void *data, size_t size)
{
        const unsigned char *in = data;
        char *text = xmalloc(size / 3 * 4 + 5), *out = text;

        for (size_t i = 0; i < size; i += 3) {
                size_t left = size - i;
                uint32_t bits = (uint32_t) in[i] << 16;

                if (left > 1)
                        bits |= (uint32_t) in[i + 1] << 8;
                if (left > 2)
                        bits |= in[i + 2];

                *out++ = digits[bits >> 18];
                *out++ = digits[bits >> 12 & 63];
                *out++ = left > 1 ? digits[bits >> 6 & 63] : '=';
                *out++ = left > 2 ? digits[bits & 63] : '=';
        }
        *out = '\0';
        return text;
}

char *text_base64_decode(const char *base64, size_t *ret_size)
{
        char *data = xmalloc(strlen(base64) / 4 * 3 + 4), *out = data;
        uint32_t bits = 0, n = 0;

        for (; *base64 && *base64 != '='; base64++) {
                const char *digit = strchr(digits, *base64 == '-' ? '+' : *base64 == '_' ? '/' : *base64);

                if (!digit) {
                        free(data);
                        return NULL;
                }
                bits = bits << 6 | (uint32_t) (digit - digits);
                if (++n == 4) {
                        *out++ = (char) (bits >> 16);
                        *out++ = (char) (bits >> 8);
                        *out++ = (char) bits;
                        bits = n = 0;
                }
        }
        if (n > 1)
                *out++ = (char) (bits >> (n == 2 ? 4 : 10));
        if (n == 3)
                *out++ = (char) (bits >> 2);
        *out = '\0';
        *ret_size = (size_t) (out - data);
        return data;
}
