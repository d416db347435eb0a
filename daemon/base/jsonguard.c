/* SPDX-License-Identifier: MIT
 *
 * The guard before json-c.  A pure function; called by host/api.
 *
 * It must not lose its way in what json-c reads otherwise: comments and single quotes, which json-c takes and JSON has
 * not, are refused, as is every character that no JSON has outside of strings.
 */
#include "base/jsonguard.h"

#include "base/buffer.h"

#define DIGITS_MAX 19                    /* of an integer that json-c holds whole: below 2^64 */
#define CONTAINER_COST 4

struct guard {
        const char *at, *end, *kept;     /* kept: up to here the text is in out, as changed */
        struct buffer out;
        size_t depth, cost;
};

/* What follows at is kept, up to the next change. */
static void change(struct guard *g, const char *from, const char *to, const char *instead)
{
        (void) buffer_append(&g->out, g->kept, (size_t) (from - g->kept));
        (void) buffer_append_str(&g->out, instead);
        g->kept = to;
}

static bool is_deep(const struct guard *g)
{
        return g->depth > JSONGUARD_DEPTH_MAX;
}

/* From behind the opening quote to behind the closing one. */
static bool take_string(struct guard *g)
{
        const char *quote = memchr(g->at, '"', (size_t) (g->end - g->at));

        if (!quote)
                return false;
        /* Most strings have nothing to look at.  memchr looks at many characters at once. */
        if (!memchr(g->at, '\\', (size_t) (quote - g->at)) && !memchr(g->at, '\0', (size_t) (quote - g->at))) {
                g->at = quote + 1;
                return true;
        }
        for (; g->at < g->end && *g->at != '"'; g->at++) {
                const char *from = g->at;

                if (*from && *from != '\\')
                        continue;
                if (*from == '\\' && ++g->at == g->end)
                        return false;
                if (*g->at == 'u' && g->end - g->at >= 5 && memcmp(g->at, "u0000", 5) == 0)
                        g->at += 4;
                else if (*g->at)
                        continue;
                if (!is_deep(g))
                        change(g, from, g->at + 1, "\\ufffd");
        }
        return g->at++ < g->end;
}

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static bool is_of_word(char c)
{
        return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '+' || c == '.';
}

/* A number, or a word as true; from behind its first character. */
static void take_word(struct guard *g)
{
        const char *from = g->at - 1, *digits = from + (*from == '-');

        while (g->at < g->end && is_of_word(*g->at))
                g->at++;
        if (g->at - digits <= DIGITS_MAX)
                return;
        while (digits < g->at && is_digit(*digits))
                digits++;
        if (digits == g->at && !is_deep(g)) {
                change(g, from, from, "\"");
                change(g, g->at, g->at, "\"");
        }
}

static void take_mark(struct guard *g)
{
        switch (g->at[-1]) {
        case '[':
        case '{':
                g->cost += is_deep(g) ? 0 : CONTAINER_COST;
                if (g->depth++ == JSONGUARD_DEPTH_MAX)
                        change(g, g->at - 1, g->at, "null");
                break;
        case ']':
        case '}':
                if (is_deep(g))
                        g->kept = g->at;
                if (g->depth > 0)
                        g->depth--;
                break;
        case ',':
                g->cost += !is_deep(g);
        }
}

bool jsonguard(const char *text, size_t size, char **ret, size_t *ret_size)
{
        struct guard g = { .at = text, .end = text + size, .kept = text, .out = BUFFER_INIT(SIZE_MAX) };
        bool good = true;

        while (good && g.at < g.end) {
                char c = *g.at++;

                switch (c) {
                case '"':
                        good = take_string(&g);
                        break;
                case '[':
                case ']':
                case '{':
                case '}':
                case ',':
                        take_mark(&g);
                        break;
                case ':':
                case ' ':
                case '\t':
                case '\r':
                case '\n':
                        break;
                case '\0':
                        if (!is_deep(&g))
                                change(&g, g.at - 1, g.at, " ");
                        break;
                default:
                        good = is_of_word(c);
                        if (good)
                                take_word(&g);
                }
                good = good && g.cost <= JSONGUARD_COST_MAX;
        }
        *ret = NULL;
        if (good && g.kept > text) {
                if (!is_deep(&g))
                        change(&g, g.end, g.end, "");
                *ret_size = g.out.size;
                *ret = buffer_take(&g.out);
        }
        buffer_done(&g.out);
        return good;
}
