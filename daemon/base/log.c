/* SPDX-License-Identifier: MIT
 *
 * One event, one line.  Owns the level and the sink; L2 and above call it, from the loop's thread.
 */
#include "base/log.h"

#include "base/buffer.h"
#include "base/clock.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistr.h>

#define SD_JOURNAL_SUPPRESS_LOCATION   /* it would name this file for every line */
#include <systemd/sd-journal.h>

/* Values hold reasons that servers give: enough to understand one, too little to flood the log. */
#define LOG_VALUE_MAX 2048
#define LOG_FIELDS_MAX 32

static int max_level = LOG_INFO;
static void (*sink)(int level, const char *line, void *data);
static void *sink_data;

static const struct {
        int level;
        const char *name;
} levels[] = {
        { LOG_ERR, "error" },
        { LOG_WARNING, "warning" },
        { LOG_INFO, "info" },
        { LOG_DEBUG, "debug" },
        /* These can be written, but make no sense as a threshold. */
        { LOG_EMERG, "critical" },
        { LOG_ALERT, "critical" },
        { LOG_CRIT, "critical" },
        { LOG_NOTICE, "notice" },
};

void log_set_level(int level)
{
        max_level = level;
}

int log_level_from_string(const char *name)
{
        for (size_t i = 0; i < 4; i++)
                if (streq(name, levels[i].name))
                        return levels[i].level;
        return -EINVAL;
}

void log_set_sink(void (*new_sink)(int level, const char *line, void *data), void *data)
{
        sink = new_sink;
        sink_data = data;
}

/* What could end the line, move the cursor or turn the reading order of what follows. */
static bool must_escape(ucs4_t c)
{
        return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || (c >= 0x200e && c <= 0x200f) ||
                (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

static const char *escape_of(ucs4_t c, bool quoted, char scratch[static 16])
{
        switch (c) {
        case '\n':
                return "\\n";
        case '\r':
                return "\\r";
        case '\t':
                return "\\t";
        case '"':
                return quoted ? "\\\"" : NULL;
        case '\\':
                return quoted ? "\\\\" : NULL;
        }
        if (!must_escape(c))
                return NULL;
        snprintf(scratch, 16, "\\u%04x", (unsigned) c);
        return scratch;
}

/* Of ASCII that stands as it is, in quotes, too. */
static size_t plain_length(const char *text, size_t max)
{
        size_t n = 0;

        while (n < max && text[n] >= ' ' && text[n] <= '~' && text[n] != '"' && text[n] != '\\')
                n++;
        return n;
}

/* Appends at most max bytes; what does not fit ends in U+2026. */
static void append_escaped(struct buffer *b, const char *text, size_t max, bool quoted)
{
        static const char ellipsis[] = "\xe2\x80\xa6";
        const size_t ellipsis_size = sizeof(ellipsis) - 1;
        size_t start = b->size, fits = b->size;      /* fits: up to here the ellipsis still has room */
        size_t left = strnlen(text, max + 1);        /* escapes only lengthen: more cannot be needed */

        while (left > 0) {
                size_t plain = plain_length(text, left);
                char scratch[16];
                ucs4_t c;
                int n = u8_mbtoucr(&c, (const uint8_t *) text, left);
                const char *piece = text;
                size_t piece_size = (size_t) MAX(n, 1);

                if (plain > 0 && b->size - start + plain + ellipsis_size <= max) {
                        (void) buffer_append(b, text, plain);
                        fits = b->size;
                        text += plain;
                        left -= plain;
                        continue;
                }
                if (n < 0) {
                        snprintf(scratch, sizeof(scratch), "\\x%02x", (unsigned) (unsigned char) *text);
                        piece = scratch;
                        piece_size = strlen(scratch);
                        n = 1;
                } else {
                        const char *escape = escape_of(c, quoted, scratch);

                        if (escape) {
                                piece = escape;
                                piece_size = strlen(escape);
                        }
                }

                if (b->size - start + piece_size > max) {
                        b->size = fits;
                        if (fits - start + ellipsis_size <= max)
                                (void) buffer_append(b, ellipsis, ellipsis_size);
                        else if (b->data)
                                b->data[b->size] = '\0';
                        return;
                }
                (void) buffer_append(b, piece, piece_size);
                if (b->size - start + ellipsis_size <= max)
                        fits = b->size;
                text += n;
                left -= (size_t) n;
        }
}

char *log_escape(const char *text, size_t max)
{
        struct buffer b = BUFFER_INIT(SIZE_MAX);

        append_escaped(&b, strempty(text), MIN(max, (size_t) INT_MAX), false);
        return buffer_take(&b);
}

static bool needs_quotes(const char *s)
{
        if (!*s)
                return true;           /* reason="" is a value, reason= looks like a mistake */

        for (size_t left = strlen(s); left > 0; ) {
                ucs4_t c;
                int n = u8_mbtoucr(&c, (const uint8_t *) s, left);

                if (n < 0 || c == ' ' || c == '"' || c == '=' || must_escape(c))
                        return true;
                s += n;
                left -= (size_t) n;
        }
        return false;
}

static void append_field(struct buffer *b, const struct log_field *f)
{
        (void) buffer_append_str(b, " ");
        (void) buffer_append_str(b, f->name);
        (void) buffer_append_str(b, "=");
        if (!f->text)
                (void) buffer_printf(b, "%" PRId64, f->number);
        else if (needs_quotes(f->text)) {
                (void) buffer_append_str(b, "\"");
                append_escaped(b, f->text, LOG_VALUE_MAX, true);
                (void) buffer_append_str(b, "\"");
        } else
                append_escaped(b, f->text, LOG_VALUE_MAX, false);
}

static void append_time(struct buffer *b)
{
        int64_t now = utc_usec();
        time_t seconds = (time_t) (now / USEC_PER_SEC);
        struct tm tm;
        char text[40];

        if (!gmtime_r(&seconds, &tm) || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
                return;
        (void) buffer_printf(b, "%s.%03dZ ", text, (int) (now % USEC_PER_SEC / USEC_PER_MSEC));
}

/* systemd.exec(5): $JOURNAL_STREAM names the stream that the service was started with; stderr may since have
 * been pointed elsewhere, or belong to a child that inherited the variable.  Asked for each line: an fstat(2)
 * costs less than being wrong after a dup2(2). */
static bool stderr_is_journal(const struct stat *st)
{
        const char *stream = getenv("JOURNAL_STREAM");
        uintmax_t dev, ino;
        char end;

        return stream && sscanf(stream, "%ju:%ju%c", &dev, &ino, &end) == 2 &&
                dev == (uintmax_t) st->st_dev && ino == (uintmax_t) st->st_ino;
}

/* LOG_VALUE_MAX without half a character at its end: journalctl shows what is no UTF-8 as "[blob data]". */
static int journal_length(const char *s)
{
        size_t n = strnlen(s, LOG_VALUE_MAX);

        while (n == LOG_VALUE_MAX && n > 0 && ((unsigned char) s[n] & 0xc0) == 0x80)
                n--;
        return (int) n;
}

static int send_to_journal(int level, const char *message, const char *line, const struct log_field *fields)
{
        struct iovec iov[LOG_FIELDS_MAX + 3];
        char *owned[ELEMENTSOF(iov)];
        size_t n = 0;

        /* The fields are in MESSAGE too: journalctl shows people nothing else unless asked. */
        owned[n++] = xasprintf("MESSAGE=%s", line);
        owned[n++] = xasprintf("PRIORITY=%d", level);
        owned[n++] = xasprintf("MENTIOND_EVENT=%.*s", journal_length(message), message);
        for (const struct log_field *f = fields; f && f->name && n < ELEMENTSOF(iov); f++) {
                char *s = f->text ? xasprintf("MENTIOND_%s=%.*s", f->name, journal_length(f->text), f->text)
                                  : xasprintf("MENTIOND_%s=%" PRId64, f->name, f->number);

                for (char *c = s; *c && *c != '='; c++)
                        *c = (char) toupper((unsigned char) *c);
                owned[n++] = s;
        }
        for (size_t i = 0; i < n; i++)
                iov[i] = (struct iovec) { .iov_base = owned[i], .iov_len = strlen(owned[i]) };

        int r = sd_journal_sendv(iov, (int) n);

        for (size_t i = 0; i < n; i++)
                free(owned[i]);
        return r;
}

/* One write, so that lines of several processes do not mix.  What stderr does not take at once is lost: a log must not
 * hold up the loop, and there is nobody left to tell.  A pipe or socket that is ready takes PIPE_BUF without waiting. */
static void send_to_stderr(const char *line, size_t size, mode_t mode)
{
        size_t most = S_ISREG(mode) ? size : PIPE_BUF;

        while (size > 0) {
                struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
                ssize_t n;

                if (!S_ISREG(mode) && (poll(&p, 1, 0) <= 0 || !(p.revents & POLLOUT)))
                        return;
                n = write(STDERR_FILENO, line, MIN(size, most));
                if (n < 0 && errno != EINTR)
                        return;
                n = MAX(n, (ssize_t) 0);
                line += n;
                size -= (size_t) n;
        }
}

void log_write(int level, const char *message, const struct log_field *fields)
{
        level &= LOG_PRIMASK;
        if (level > max_level)
                return;

        int saved_errno = errno;       /* callers log between a failure and its handling */
        const char *level_name = "error";
        _cleanup_buffer_ struct buffer line = BUFFER_INIT(SIZE_MAX);
        struct stat st = { 0 };
        size_t n = 0, prefix_size;

        for (size_t i = 0; i < ELEMENTSOF(levels); i++)
                if (levels[i].level == level)
                        level_name = levels[i].name;

        bool have_stat = !sink && fstat(STDERR_FILENO, &st) == 0;
        if (have_stat && (S_ISREG(st.st_mode) || isatty(STDERR_FILENO)))
                append_time(&line);
        (void) buffer_printf(&line, "%s: ", level_name);
        prefix_size = line.size;
        append_escaped(&line, strempty(message), LOG_VALUE_MAX, false);
        for (const struct log_field *f = fields; f && f->name && n < LOG_FIELDS_MAX; f++, n++)
                append_field(&line, f);

        if (sink)
                sink(level, buffer_str(&line), sink_data);
        else if (!have_stat || !stderr_is_journal(&st) ||
                 send_to_journal(level, strempty(message), line.data + prefix_size, fields) < 0) {
                (void) buffer_append_str(&line, "\n");
                send_to_stderr(line.data, line.size, st.st_mode);
        }
        errno = saved_errno;
}

void log_printf(int level, const char *format, ...)
{
        va_list ap;

        if ((level & LOG_PRIMASK) > max_level)
                return;

        int saved_errno = errno;       /* for %m, and because it may allocate */
        va_start(ap, format);
        _cleanup_free_ char *message = xvasprintf(format, ap);
        va_end(ap);
        errno = saved_errno;
        log_write(level, message, NULL);
}
