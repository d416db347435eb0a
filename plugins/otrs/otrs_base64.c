/* SPDX-License-Identifier: MIT
 *
 * Base64 (RFC 4648), in which the helpdesk wants and gives attachments. */
#include "otrs.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

struct json_object *otrs_encode(struct mentiond_op *op, const void *data, uint64_t size)
{
        const unsigned char *in = data;
        char *text = mentiond_alloc(op, (size + 2) / 3 * 4 + 1), *out = text;

        for (uint64_t i = 0; i < size; i += 3) {
                uint32_t left = size - i > 2 ? 3 : (uint32_t) (size - i);
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
        return json_object_new_string_len(text, (int) (out - text));
}

const char *otrs_decode(struct mentiond_op *op, const char *base64)
{
        char *text = mentiond_alloc(op, strlen(base64) / 4 * 3 + 4), *out = text;
        uint32_t bits = 0, n = 0;

        for (; *base64 && *base64 != '='; base64++) {
                const char *digit = strchr(digits, *base64);

                if (!digit)
                        return NULL;
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
        return text;
}
