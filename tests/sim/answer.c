/* SPDX-License-Identifier: MIT
 *
 * What the model servers' answers are made of.  Owns nothing.
 */
#include "sim.h"

void put_owned(struct json_object *o, const char *name, char *value)
{
        mj_put_str(o, name, value);
        free(value);
}

char *base64(const char *text)
{
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        size_t size = strlen(text);
        char *out = xcalloc(1, size * 4 / 3 + 8), *to = out;

        for (size_t i = 0; i < size; i += 3) {
                uint32_t bits = 0;
                size_t left = MIN(size - i, (size_t) 3);

                for (size_t k = 0; k < 3; k++)
                        bits = bits << 8 | (k < left ? (unsigned char) text[i + k] : 0);
                *to++ = digits[bits >> 18];
                *to++ = digits[bits >> 12 & 63];
                *to++ = left > 1 ? digits[bits >> 6 & 63] : '=';
                *to++ = left > 2 ? digits[bits & 63] : '=';
        }
        return out;
}
