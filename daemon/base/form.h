/* SPDX-License-Identifier: MIT
 * L0.  Forms as HTTP carries files: multipart/form-data (RFC 7578). */
#ifndef BASE_FORM_H
#define BASE_FORM_H

#include "base/buffer.h"

/* One field after the other, and then the end.  The boundary must not be in what they hold: chance makes sure of that.  Of a
 * file there is a type; "" is a name, too. */
int form_add(struct buffer *b, const char *boundary, const char *name, const char *file, const char *type, const void *data,
             size_t size);
int form_end(struct buffer *b, const char *boundary);    /* both 0 or -EFBIG */

#endif
