/* SPDX-License-Identifier: MIT
 * L0.  One event, one line: a message for people and fields for machines.  To the journal with native fields
 * where stderr is the journal, else to stderr as logfmt.  Whoever decides logs; L0 and L1 never do. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/util.h"
#include <syslog.h>

struct log_field {
        const char *name;                /* [a-z_]+ */
        const char *text;                /* NULL: the number counts */
        int64_t number;
};

#define F(field_name, string) { .name = (field_name), .text = strempty(string) }
#define FI(field_name, integer) { .name = (field_name), .number = (integer) }

/* log_event(LOG_INFO, "reply posted", F("instance", name), FI("attempt", n)); */
#define log_event(level, message, ...)                                                                      \
        log_write((level), (message), (const struct log_field[]) { __VA_ARGS__ __VA_OPT__(,) { .name = NULL } })

/* On stderr and for a sink: info: reply posted instance=brand attempt=2 reason="two words"
 * In the journal the same (without the level) as MESSAGE, and PRIORITY, MENTIOND_EVENT=reply posted,
 * MENTIOND_INSTANCE=brand, ...  Values over 2 KiB are cut; errno is left alone. */
void log_write(int level, const char *message, const struct log_field *fields);
void log_printf(int level, const char *format, ...) _printf_(2, 3);   /* a message without fields */

void log_set_level(int level);
int log_level_from_string(const char *name);         /* "error", "warning", "info", "debug"; or -EINVAL */

/* Text from outside made fit for one line: controls and line ends as escapes, cut at max bytes. */
char *log_escape(const char *text, size_t max);

/* Tests catch lines here instead. */
void log_set_sink(void (*sink)(int level, const char *line, void *data), void *data);

#endif
