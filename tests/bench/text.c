/* SPDX-License-Identifier: MIT */
#include "server.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void text_need(struct text *t, size_t more)
{
        if (t->n + more + 1 <= t->room)
                return;
        t->room = 2 * (t->n + more + 1);
        t->data = realloc(t->data, t->room);
        if (!t->data)
                abort();
}

void text_add(struct text *t, const char *format, ...)
{
        va_list ap;
        int n;

        text_need(t, 512);
        va_start(ap, format);
        n = vsnprintf(t->data + t->n, t->room - t->n, format, ap);
        va_end(ap);
        if (n < 0)
                abort();
        if ((size_t) n >= t->room - t->n) {
                text_need(t, (size_t) n);
                va_start(ap, format);
                (void) vsnprintf(t->data + t->n, t->room - t->n, format, ap);
                va_end(ap);
        }
        t->n += (size_t) n;
}

void text_add_time(struct text *t, int64_t usec)
{
        time_t s = (time_t) (usec / 1000000);
        struct tm tm;
        char at[32];

        (void) gmtime_r(&s, &tm);
        (void) strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%S", &tm);
        text_add(t, "\"%s.%03dZ\"", at, (int) (usec / 1000 % 1000));
}

int32_t *tally_at(struct tally *t, int64_t account, int64_t mention)
{
        if (account < 0 || account >= ACCOUNTS_MAX || mention <= 0 || mention > 100000000)
                return NULL;
        if (mention >= t->of[account].n) {
                int64_t n = 2 * mention + 1024, old = t->of[account].n;
                int32_t *numbers = realloc(t->of[account].numbers, (size_t) n * sizeof *numbers);

                if (!numbers)
                        abort();
                memset(numbers + old, 0, (size_t) (n - old) * sizeof *numbers);
                t->of[account].numbers = numbers;
                t->of[account].n = n;
        }
        return &t->of[account].numbers[mention];
}

void tally_clear(struct tally *t)
{
        for (int i = 0; i < ACCOUNTS_MAX; i++)
                free(t->of[i].numbers);
        memset(t, 0, sizeof *t);
}

const char *json_member(const char *body, const char *name)
{
        size_t n = strlen(name);

        for (const char *at = strchr(body, '"'); at; at = strchr(at + 1, '"'))
                if (strncmp(at + 1, name, n) == 0 && at[n + 1] == '"' && (at == body || at[-1] != '\\')) {
                        const char *value = at + n + 2;

                        value += strspn(value, " \t\r\n");
                        if (*value == ':')
                                return value + 1 + strspn(value + 1, " \t\r\n");
                }
        return NULL;
}

int64_t now_usec(void)
{
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t) t.tv_sec * 1000000 + t.tv_nsec / 1000;
}
