/* SPDX-License-Identifier: MIT
 *
 * Forms as HTTP carries files.  Owns nothing.  Called by host/api.
 */
#include "base/form.h"

/* As browsers do it: what would end the name or the line is percent-encoded. */
static int add_quoted(struct buffer *b, const char *text)
{
        static const char *const codes[] = { ['"'] = "%22", ['\r'] = "%0D", ['\n'] = "%0A" };
        int r = buffer_append_str(b, "\"");

        for (; *text && r == 0; text++) {
                unsigned char c = (unsigned char) *text;

                r = c < ELEMENTSOF(codes) && codes[c] ? buffer_append_str(b, codes[c]) : buffer_append(b, text, 1);
        }
        return r ? r : buffer_append_str(b, "\"");
}

int form_add(struct buffer *b, const char *boundary, const char *name, const char *file, const char *type, const void *data,
             size_t size)
{
        int r = buffer_printf(b, "--%s\r\nContent-Disposition: form-data; name=", boundary);

        if (r == 0)
                r = add_quoted(b, name);
        if (r == 0 && *type)
                r = buffer_append_str(b, "; filename=");
        if (r == 0 && *type)
                r = add_quoted(b, file);
        if (r == 0 && *type)
                r = buffer_printf(b, "\r\nContent-Type: %.*s", (int) strcspn(type, "\r\n"), type);
        if (r == 0)
                r = buffer_append_str(b, "\r\n\r\n");
        if (r == 0)
                r = buffer_append(b, data, size);
        return r ? r : buffer_append_str(b, "\r\n");
}

int form_end(struct buffer *b, const char *boundary)
{
        return buffer_printf(b, "--%s--\r\n", boundary);
}
