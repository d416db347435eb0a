/* SPDX-License-Identifier: MIT
 * L0.  A growing run of bytes that never grows past the maximum given at creation. */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include "base/util.h"

struct buffer {
        char *data;          /* NUL-terminated behind size bytes; NULL while nothing was added */
        size_t size, allocated, max;
};

#define BUFFER_INIT(maximum) ((struct buffer) { .max = (maximum) })

void buffer_done(struct buffer *b);                  /* frees and empties; max stays */
#define _cleanup_buffer_ _cleanup_(buffer_done)

/* 0, or -EFBIG if it would not fit: then nothing was added. */
int buffer_append(struct buffer *b, const void *data, size_t size);
int buffer_append_str(struct buffer *b, const char *s);
int buffer_printf(struct buffer *b, const char *format, ...) _printf_(2, 3);

/* Drops the first n bytes, and moves the rest: take all complete messages, then consume once. */
void buffer_consume(struct buffer *b, size_t n);
const char *buffer_str(const struct buffer *b);      /* never NULL */
char *buffer_take(struct buffer *b);                 /* the bytes, malloced, never NULL; b is empty then */

#endif
