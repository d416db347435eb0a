/* SPDX-License-Identifier: MIT
 * L1.  The head of an HTTP message: reading a reply's line by line, and judging fields of a request. */
#ifndef IO_HEAD_H
#define IO_HEAD_H

#include "base/buffer.h"

struct head {
        enum { HEAD_STATUS, HEAD_FIELDS, HEAD_END } stage;
        long status;             /* of the last status line; final once stage is HEAD_END */
        size_t bytes;            /* of all lines, also of those that were not kept */
        const char *broken;      /* the rule that a line broke, as the end of a sentence */
};

/* Takes one line, with or without its end.  Of all that may come (1xx, the reply, its trailer) fields holds the
 * reply's in the end, as "Name: value\r\n".  0; or -EPROTO if a rule is broken. */
int head_take(struct head *h, struct buffer *fields, const char *line, size_t size);

/* Of lines as head_take() keeps them the first field of this name, malloced without the blanks around it, or NULL. */
char *head_find(const char *fields, const char *name);

/* NULL; or why "Name: value" is not a field that a caller may send: malformed, or it says how the message is
 * framed or whom it is for. */
const char *head_refuse(const char *field);

bool head_is_token(const char *s);                   /* RFC 9110: a method, a name */
bool head_has_controls(const char *s);

#endif
