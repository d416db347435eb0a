/* SPDX-License-Identifier: MIT
 *
 * An agent's text on its way to a network: made fit (plain_of), split (parts_split), shown (preview_text).  The first five bytes
 * are the unit with flags, the length of a part in two, what a URL counts as, and how many parts are allowed; the first line is a
 * handle.
 */
#include "fuzz.h"

#include "flow/compose.h"
#include "flow/preview.h"
#include "flow/parts.h"

#include <unictype.h>
#include <unigbrk.h>
#include <unistr.h>

#define OVERHEAD 3

/* The size of what may be left out between parts: white space, and what shows nothing, but not with a mark on it. */
static size_t gap(const char *text, const char *graphemes, size_t at)
{
        bool blank;
        size_t n = text_special(text + at, &blank);
        ucs4_t c = 0;

        if (n == 0 && text[at]) {
                n = (size_t) u8_mbtouc(&c, (const uint8_t *) text + at, strlen(text + at));
                n = uc_is_property_white_space(c) ? n : 0;
        }
        return !text[at + n] || graphemes[at + n] ? n : 0;
}

/* The text of a part, without the handle and the number that it was given; malloced. */
static char *said(const char *part, const struct parts_rules *r, size_t i, size_t n, const char *rest)
{
        size_t size = strlen(part), handle = strlen(r->handle);
        _cleanup_free_ char *number = xasprintf(" (%zu/%zu)", i + 1, n);

        if (r->numbered && n > 1) {
                MUST(size >= strlen(number) && streq(part + size - strlen(number), number));
                size -= strlen(number);
        }
        /* What begins with the handle may also have been typed so. */
        if (r->handle[0] == '@' && strncmp(part, r->handle, handle) == 0 && part[handle] == ' '
            && strncmp(rest, part, size) != 0) {
                part += handle + 1;
                size -= handle + 1;
        }
        return xstrndup(part, size);
}

static void check_parts(const char *text, const char *const *parts, size_t n, const struct parts_rules *r)
{
        _cleanup_free_ char *graphemes = xmalloc(strlen(text) + 1);
        size_t at = 0, size = 0;

        u8_grapheme_breaks((const uint8_t *) text, strlen(text), graphemes);
        for (size_t i = 0; i < n; i++) {
                while ((size = gap(text, graphemes, at)) > 0)
                        at += size;

                _cleanup_free_ char *one = said(parts[i], r, i, n, text + at);

                MUST(*one);
                MUST(strncmp(text + at, one, strlen(one)) == 0);         /* the text itself, and none of it lost before */
                MUST(graphemes[at]);
                at += strlen(one);
                MUST(!text[at] || graphemes[at]);
                /* Between ASCII characters, as in addresses, is no cut. */
                MUST(!text[at] || gap(text, graphemes, at) > 0 || (text[at - 1] & 0x80) || (text[at] & 0x80));
                MUST(r->max == 0 || parts_length(r, parts[i]) <= r->max);
                if (r->handle[0] == '@')
                        MUST(compose_names(parts[i], r->handle) || startswith(parts[i], r->handle));
                MUST(fuzz_is_utf8(parts[i]));
        }
        while ((size = gap(text, graphemes, at)) > 0)
                at += size;
        MUST(!text[at]);
}

static void check_split(struct arena *a, const char *text, struct parts_rules *r)
{
        const char *const *parts = NULL, *const *more = NULL, *reason = NULL;
        size_t n = parts_split(a, text, r, &parts, &reason), roomier;

        if (n == 0) {
                MUST(reason && *reason);
                return;
        }
        MUST(n == 1 || !r->parts_max || n <= r->parts_max);
        if (r->max == 0 || parts_length(r, compose_reply(a, text, r->handle)) <= r->max) {
                MUST(n == 1 && streq(parts[0], compose_reply(a, text, r->handle)));
                return;
        }
        check_parts(text, parts, n, r);
        r->max++;
        roomier = parts_split(a, text, r, &more, &reason);
        MUST(roomier > 0 && roomier <= n);
        r->max--;
}

/* Nothing comes into the text but what was written out and set apart. */
static void check_plain(struct arena *a, const char *text, const struct plain *p, const struct plain_context *c)
{
        struct plain again = plain_of(a, p->text, c);

        MUST(fuzz_is_utf8(p->text));
        MUST(!strstr(p->text, "\n\n\n") && !strstr(p->text, " \n"));
        MUST(*p->text != '\n' && (!*p->text || p->text[strlen(p->text) - 1] != '\n'));
        /* Something is left of what says something. */
        MUST(*p->text || !text[strspn(text, " \t\n")] || p->n_changes == 0);
        for (size_t i = 0; i < p->n_changes; i++)
                MUST(*p->changes[i] && !strchr(p->changes[i], '\n') && fuzz_is_utf8(p->changes[i]));
        /* Handles are seen to once: afterwards each is known, or none. */
        for (size_t i = 0; i < again.n_changes; i++)
                MUST(strstr(again.changes[i], " left out: "));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(arena_freep) struct arena *a = arena_new();
        struct input in = { (const char *) data, size };
        unsigned flags = input_byte(&in), high = input_byte(&in), low = input_byte(&in), url = input_byte(&in),
                 most = input_byte(&in);
        _cleanup_free_ char *line = input_line(&in), *rest = input_rest(&in), *text = text_clean(rest, strlen(rest));
        _cleanup_free_ char *handle = text_clean(line, strlen(line));
        const struct plain_context c = { .handles = (const char *const []) { handle, "@bob@example.social", NULL } };
        struct parts_rules r = {
                .unit = (enum text_unit) (1 + flags % TEXT_X_WEIGHTED),
                .numbered = flags & 0x20,
                .handle_is_local = flags & 0x40,
                .overhead = flags & 0x80 ? OVERHEAD : 0,
                .max = high << 8 | low,
                .url_length = url,
                .parts_max = most,
                .handle = fuzz_has(handle, " \n\t") ? "" : handle,
        };
        struct plain p = plain_of(a, text, &c);
        const char *const *parts;
        const char *reason;
        size_t n;

        check_plain(a, text, &p, &c);
        check_split(a, text, &r);
        check_split(a, p.text, &r);
        n = parts_split(a, p.text, &r, &parts, &reason);
        if (n > 0) {
                uint64_t *lengths = arena_alloc(a, n * sizeof(*lengths));
                struct preview preview = { &p, parts, lengths, n, r.max, r.unit, (int64_t) low * USEC_PER_SEC };

                for (size_t i = 0; i < n; i++)
                        lengths[i] = parts_length(&r, parts[i]);
                MUST(strstr(preview_text(a, &preview), parts[n - 1]));
        }
        return 0;
}
