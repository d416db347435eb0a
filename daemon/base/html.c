/* SPDX-License-Identifier: MIT
 *
 * Posts and notes in HTML as the plain text that a browser would show, and back.  Owns nothing; anyone may
 * call it.  markup.c cuts the input into tags and text; here is what they mean for plain text.
 *
 * One pass, with a stack of the open elements that matter (quotes, lists, cells, preformatted text).  All
 * others are line ends at most.  The stack has a fixed size, as plain text shows no more levels than that.
 */
#define _GNU_SOURCE 1   /* memmem(3) */
#include "base/text.h"

#include "base/markup.h"

#include <strings.h>

/* An element that opens deeper than this is taken for its text alone. */
#define OPEN_MAX 64

/* "> > > - text": a reader loses count far earlier, and each line pays for it. */
#define PREFIX_LEVELS_MAX 8

/* Prefixes and line ends stop at the one and the text fits in the other: no text is lost to decoration. */
#define DECORATED_MAX (2 * (size_t) TEXT_HTML_MAX)
#define OUTPUT_MAX    (8 * (size_t) TEXT_HTML_MAX)

struct renderer {
        struct buffer out;
        struct markup markup;
        struct markup_names names;

        enum markup_tag open[OPEN_MAX];
        size_t n_open, n_too_deep;
        unsigned quotes, lists, pres;  /* how many of them are open */

        unsigned line_ends;            /* to be written before the next text */
        unsigned shown_quotes;         /* the least open since the last text: these go on across an empty line */
        bool blank;                    /* a blank is to be written before the next text of this line */
        bool line_has_text;
        bool marker;                   /* a list item has begun and shows nothing yet */
        bool cell;                     /* so has a table's cell */
        size_t row_start;              /* size of out where the row began; SIZE_MAX: cells begin a line */
        bool after_pre_tag;            /* one line end right behind <pre> does not count */

        enum markup_tag hidden;        /* skip to the end of this, or MARKUP_OTHER */
        unsigned hidden_depth;

        struct {
                bool open, started, name_only, has_hidden;
                char *href;            /* NULL if it is not to be shown */
                size_t start;          /* of its text in out */
        } link;
};

/* At the end of the line, or with n = 2 of a paragraph. */
static void end_line(struct renderer *r, unsigned n)
{
        if (r->marker || r->cell)
                return;                /* a paragraph that begins an item or cell stands on its line */
        r->blank = false;
        r->line_ends = MAX(r->line_ends, n);
        r->shown_quotes = MIN(r->shown_quotes, r->quotes);
        r->line_has_text = false;
}

/* <br>: like in a browser, at the end of a line it only ends it; on an empty line it makes one. */
static void break_line(struct renderer *r, unsigned max)
{
        if (r->line_has_text)
                end_line(r, 1);
        else if (r->line_ends < max)
                end_line(r, r->line_ends + 1);
}

/* s: what marks a level, PREFIX_LEVELS_MAX times. */
static void put_levels(struct renderer *r, const char *s, unsigned levels)
{
        (void) buffer_append(&r->out, s, MIN(levels, (unsigned) PREFIX_LEVELS_MAX) * 2);
}

static void put_line_start(struct renderer *r)
{
        static const char quotes[] = "> > > > > > > > ", indents[] = "                ";
        bool decorate = r->out.size < DECORATED_MAX;

        if (r->out.size > 0 && r->line_ends > 0) {
                (void) buffer_append_str(&r->out, "\n");
                for (unsigned i = 1; i < r->line_ends && r->out.size < DECORATED_MAX; i++) {
                        put_levels(r, quotes, r->shown_quotes);
                        if (r->shown_quotes > 0)
                                r->out.size--;         /* no blank at a line's end */
                        (void) buffer_append_str(&r->out, "\n");
                }
        }
        if (decorate) {
                put_levels(r, quotes, r->quotes);
                put_levels(r, indents, r->lists > 0 ? r->lists - 1 : 0);
        }
        if (r->marker)
                (void) buffer_append_str(&r->out, "- ");
        else if (r->lists > 0 && decorate)
                (void) buffer_append_str(&r->out, "  ");
        r->line_ends = 0;
        r->marker = false;
        r->line_has_text = true;
        r->shown_quotes = r->quotes;
}

/* Text that shows: everything that comes out goes through here. */
static void put(struct renderer *r, const char *s, size_t size)
{
        if (!r->line_has_text)
                put_line_start(r);
        else if (r->blank)
                (void) buffer_append_str(&r->out, " ");
        r->blank = false;
        r->cell = false;
        r->after_pre_tag = false;

        if (r->link.open && !r->link.started) {
                r->link.started = true;
                r->link.start = r->out.size;
        }
        (void) buffer_append(&r->out, s, size);
}

/* The size of what is no ordinary text at s: a blank, or a character that shows nothing and carries nothing (soft
 * hyphen, zero-width space, word joiner, byte order mark; but not U+200C and U+200D, which shape scripts and join
 * emoji). */
static size_t special(const char *s, size_t size, bool *ret_blank)
{
        *ret_blank = false;
        switch ((unsigned char) *s) {
        case ' ':
        case '\t':
        case '\n':
        case '\r':
        case '\f':
                *ret_blank = true;
                return 1;
        case 0xc2:
                if (size >= 2 && (s[1] == '\xa0' || s[1] == '\xad')) {
                        *ret_blank = s[1] == '\xa0';
                        return 2;
                }
                return 0;
        case 0xe2:
                return size >= 3 && (memcmp(s, "\xe2\x80\x8b", 3) == 0 || memcmp(s, "\xe2\x81\xa0", 3) == 0) ? 3 : 0;
        case 0xef:
                return size >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
        }
        return 0;
}

static void put_blank(struct renderer *r, char c)
{
        if (r->pres == 0)
                r->blank = r->line_has_text;
        else if (c == '\n') {
                if (!r->after_pre_tag)
                        break_line(r, UINT32_MAX);
                r->after_pre_tag = false;
        } else if (c != '\r')
                put(r, c == '\t' ? "\t" : " ", 1);
}

/* Decoded text, its blanks folded unless in <pre>. */
static void put_text(struct renderer *r, const char *s, size_t size)
{
        size_t start = 0, i = 0;

        while (i < size) {
                bool blank;
                size_t n = special(s + i, size - i, &blank);

                if (n == 0) {
                        i++;
                        continue;
                }
                if (i > start)
                        put(r, s + start, i - start);
                if (blank)
                        put_blank(r, s[i]);
                start = i += n;
        }
        if (i > start)
                put(r, s + start, i - start);
}

static void put_encoded(struct renderer *r, struct markup_run run, bool in_attribute)
{
        const char *s = run.data, *end = s + run.size;

        while (s < end) {
                const char *ampersand = memchr(s, '&', (size_t) (end - s));
                size_t plain = (size_t) ((ampersand ?: end) - s), n;
                char decoded[12];

                put_text(r, s, plain);
                s += plain;
                if (!ampersand)
                        return;

                n = markup_reference(&r->names, s, (size_t) (end - s), in_attribute, decoded);
                if (n > 0)
                        put_text(r, decoded, strlen(decoded));
                else
                        put(r, s, 1);
                s += MAX(n, (size_t) 1);
        }
}

/* Malloced: an http(s) address fit to stand between < and >; NULL if it is none. */
static char *decode_href(struct renderer *r, struct markup_run run)
{
        _cleanup_buffer_ struct buffer b = BUFFER_INIT(OUTPUT_MAX);

        while (run.size > 0 && run.data[run.size - 1] == ' ')
                run.size--;
        for (size_t i = 0; i < run.size; ) {
                char decoded[12] = { run.data[i], 0 };
                size_t n = *decoded == '&' ?
                        markup_reference(&r->names, run.data + i, run.size - i, true, decoded) : 0;

                i += MAX(n, (size_t) 1);
                for (const char *c = decoded; *c; c++)
                        if (*c == '<')
                                (void) buffer_append(&b, "%3C", 3);
                        else if (*c == '>')
                                (void) buffer_append(&b, "%3E", 3);
                        else if (*c == ' ' && b.size > 0)
                                (void) buffer_append(&b, "%20", 3);
                        else if ((unsigned char) *c > ' ' && *c != 0x7f)
                                (void) buffer_append(&b, c, 1);
        }

        bool web = strncasecmp(buffer_str(&b), "http://", 7) == 0 || strncasecmp(buffer_str(&b), "https://", 8) == 0;
        return web ? buffer_take(&b) : NULL;
}

static bool has_class(struct markup_run classes, const char *name)
{
        size_t size = strlen(name);
        const char *s = classes.data, *end;

        if (!s)
                return false;
        end = s + classes.size;
        while ((s = memmem(s, (size_t) (end - s), name, size))) {
                if ((s == classes.data || strchr(" \t\n\r\f", s[-1])) &&
                    (s + size == end || strchr(" \t\n\r\f", s[size])))
                        return true;
                s += size;
        }
        return false;
}

static void skip_scheme(const char **s, size_t *size)
{
        static const char *const prefixes[] = { "https://", "http://", "www." };

        for (size_t i = 0; i < ELEMENTSOF(prefixes); i++) {
                size_t n = strlen(prefixes[i]);

                if (*size >= n && strncasecmp(*s, prefixes[i], n) == 0) {
                        *s += n;
                        *size -= n;
                }
        }
}

/* Whether a link's text says no more than its address does: "example.com/long/pa…", but not "example". */
static bool is_shortened(const char *text, size_t size, const char *href)
{
        size_t href_size = strlen(href);

        if (!memchr(text, '.', size) && !memchr(text, '/', size))
                return false;

        skip_scheme(&text, &size);
        skip_scheme(&href, &href_size);
        if (size >= 3 && (memcmp(text + size - 3, "\xe2\x80\xa6", 3) == 0 || memcmp(text + size - 3, "...", 3) == 0))
                size -= 3;
        if (size == href_size + 1 && text[size - 1] == '/')
                size--;
        return size > 0 && size <= href_size && strncasecmp(text, href, size) == 0;
}

static void end_link(struct renderer *r)
{
        if (!r->link.open)
                return;

        const char *href = r->link.name_only ? NULL : r->link.href;

        if (href && r->link.started) {
                size_t start = r->link.start;

                if (is_shortened(r->out.data + start, r->out.size - start, href)) {
                        r->out.size = start;
                        (void) buffer_append_str(&r->out, href);
                } else {
                        (void) buffer_append_str(&r->out, " <");
                        (void) buffer_append_str(&r->out, href);
                        (void) buffer_append_str(&r->out, ">");
                }
        } else if (href && r->link.has_hidden)
                put(r, href, strlen(href));
        free(r->link.href);
        memset(&r->link, 0, sizeof(r->link));
}

static void start_link(struct renderer *r, const struct markup_token *t)
{
        end_link(r);                   /* links do not nest: a browser ends the first */
        r->link.open = true;
        r->link.href = decode_href(r, t->href);
        r->link.name_only = has_class(t->class_names, "mention") || has_class(t->class_names, "hashtag") ||
                has_class(t->class_names, "u-url");
}

static void push(struct renderer *r, enum markup_tag tag)
{
        if (r->n_open == OPEN_MAX) {
                r->n_too_deep++;
                return;
        }
        r->open[r->n_open++] = tag;
        r->quotes += tag == MARKUP_BLOCKQUOTE;
        r->lists += tag == MARKUP_UL || tag == MARKUP_OL;
        r->pres += tag == MARKUP_PRE;
}

static void pop(struct renderer *r)
{
        enum markup_tag tag = r->open[--r->n_open];

        r->cell = false;
        r->marker = r->marker && tag != MARKUP_LI && tag != MARKUP_UL && tag != MARKUP_OL;
        r->quotes -= tag == MARKUP_BLOCKQUOTE;
        r->pres -= tag == MARKUP_PRE;
        if (tag == MARKUP_UL || tag == MARKUP_OL)
                end_line(r, --r->lists > 0 ? 1 : 2);
        else if (tag != MARKUP_TD)     /* the next stands on the same line */
                end_line(r, tag == MARKUP_BLOCKQUOTE || tag == MARKUP_PRE ? 2 : 1);
        if (tag == MARKUP_TABLE)
                r->row_start = SIZE_MAX;
}

/* How many are open down to the innermost of these; 0 if there is none, or none before a barrier. */
static size_t find_open(const struct renderer *r, uint64_t wanted, uint64_t barriers)
{
        for (size_t i = r->n_open; i-- > 0; ) {
                if (wanted & (UINT64_C(1) << r->open[i]))
                        return i + 1;
                if (barriers & (UINT64_C(1) << r->open[i]))
                        return 0;
        }
        return 0;
}

#define BIT(tag) (UINT64_C(1) << (tag))
#define LISTS (BIT(MARKUP_UL) | BIT(MARKUP_OL))
#define CELLS (BIT(MARKUP_TABLE) | BIT(MARKUP_TD))

static void pop_to(struct renderer *r, size_t n)
{
        while (r->n_open > n)
                pop(r);
}

static void start_row(struct renderer *r)
{
        size_t table = find_open(r, BIT(MARKUP_TABLE), 0);

        if (table > 0)
                pop_to(r, table);      /* ends the cell before and all that was left open in it */
        r->cell = false;
        end_line(r, 1);
        r->row_start = r->out.size;
}

static void start_cell(struct renderer *r)
{
        size_t table = find_open(r, BIT(MARKUP_TABLE), 0);

        if (table > 0) {
                pop_to(r, table);
                push(r, MARKUP_TD);
        }
        if (r->out.size > r->row_start) {
                r->line_ends = 0;      /* of a paragraph in the cell before */
                r->line_has_text = true;
                r->blank = true;
        }
        r->cell = true;
}

static void hide(struct renderer *r, enum markup_tag tag)
{
        if (markup_will_end(&r->markup, tag)) {
                r->hidden = tag;
                r->hidden_depth = 1;
        }
}

/* Elements that a style sheet hides; only those that nest, and so have a clear end. */
static bool is_hidden(const struct markup_token *t)
{
        const char *s = t->style.data, *end;

        if (t->tag != MARKUP_SPAN && t->tag != MARKUP_DIV)
                return false;
        if (t->hidden || has_class(t->class_names, "invisible"))
                return true;
        if (!s || !(s = memmem(s, t->style.size, "display", 7)))
                return false;
        end = t->style.data + t->style.size;
        for (s += 7; s < end && (*s == ' ' || *s == ':'); s++)
                ;
        return end - s >= 4 && strncasecmp(s, "none", 4) == 0;
}

static void start_element(struct renderer *r, const struct markup_token *t)
{
        size_t item;

        if (is_hidden(t)) {
                r->link.has_hidden = r->link.open;
                hide(r, t->tag);
                return;
        }

        switch (t->tag) {
        case MARKUP_A:
                start_link(r, t);
                break;
        case MARKUP_BR:
                break_line(r, 2);
                break;
        case MARKUP_IMG:
                if (t->alt.data)
                        put_encoded(r, t->alt, true);
                break;
        case MARKUP_P:
        case MARKUP_PARAGRAPH:
                end_line(r, 2);
                break;
        case MARKUP_BLOCK:
                end_line(r, 1);
                break;
        case MARKUP_DIV:
        case MARKUP_TABLE:
                end_line(r, 1);
                push(r, t->tag);
                break;
        case MARKUP_BLOCKQUOTE:
        case MARKUP_PRE:
                end_line(r, 2);
                push(r, t->tag);
                r->after_pre_tag = t->tag == MARKUP_PRE;
                break;
        case MARKUP_UL:
        case MARKUP_OL:
                r->marker = false;
                end_line(r, r->lists > 0 ? 1 : 2);
                push(r, t->tag);
                break;
        case MARKUP_LI:
                item = find_open(r, BIT(MARKUP_LI), LISTS | CELLS | BIT(MARKUP_BLOCKQUOTE));
                if (item > 0)
                        pop_to(r, item - 1);
                r->marker = false;
                end_line(r, 1);
                push(r, t->tag);
                r->marker = true;
                break;
        case MARKUP_TR:
                start_row(r);
                break;
        case MARKUP_TD:
                start_cell(r);
                break;
        default:
                if (t->tag >= MARKUP_DROPPED_NOT_RAW)
                        hide(r, t->tag);
        }
}

static void end_element(struct renderer *r, enum markup_tag tag)
{
        size_t n;

        switch (tag) {
        case MARKUP_A:
                end_link(r);
                break;
        case MARKUP_BR:
                break_line(r, 2);
                break;
        case MARKUP_P:
        case MARKUP_PARAGRAPH:
                end_line(r, 2);
                break;
        case MARKUP_BLOCK:
                end_line(r, 1);
                break;
        case MARKUP_TR:
                start_row(r);
                break;
        case MARKUP_BLOCKQUOTE:
        case MARKUP_DIV:
        case MARKUP_LI:
        case MARKUP_OL:
        case MARKUP_PRE:
        case MARKUP_TABLE:
        case MARKUP_TD:
        case MARKUP_UL:
                if (r->n_too_deep > 0) {
                        r->n_too_deep--;
                        end_line(r, 1);
                        break;
                }
                /* A stray end tag in a cell or an item ends nothing outside of it. */
                n = find_open(r, BIT(tag), tag == MARKUP_TABLE ? 0 : tag == MARKUP_TD ? BIT(MARKUP_TABLE) :
                              tag == MARKUP_LI ? CELLS | LISTS : CELLS);
                if (n > 0)
                        pop_to(r, n - 1);
                else
                        end_line(r, 1);
                break;
        default:
                break;
        }
}

/* While something is hidden, only its own start and end tags are looked at. */
static void skip_hidden(struct renderer *r, const struct markup_token *t)
{
        if (t->tag == r->hidden && t->kind == MARKUP_START)
                r->hidden_depth++;
        else if (t->tag == r->hidden && t->kind == MARKUP_END)
                r->hidden_depth--;
        if (r->hidden_depth == 0 || !markup_will_end(&r->markup, r->hidden))
                r->hidden = MARKUP_OTHER;
}

char *text_from_html(const char *html, size_t size)
{
        struct renderer *r = xcalloc(1, sizeof(*r));   /* 16 KiB: not on a task's stack */
        struct markup_token t;

        r->out = BUFFER_INIT(OUTPUT_MAX);
        r->row_start = SIZE_MAX;
        markup_init(&r->markup, html, MIN(size, (size_t) TEXT_HTML_MAX), size > TEXT_HTML_MAX);
        while (markup_next(&r->markup, &t))
                if (r->hidden != MARKUP_OTHER)
                        skip_hidden(r, &t);
                else if (t.kind == MARKUP_START)
                        start_element(r, &t);
                else if (t.kind == MARKUP_END)
                        end_element(r, t.tag);
                else
                        put_encoded(r, t.text, false);
        end_link(r);

        char *text = text_clean(buffer_str(&r->out), r->out.size);
        buffer_done(&r->out);
        free(r);

        size_t length = strlen(text), front = strspn(text, " \t\n");
        while (length > front && strchr(" \t\n", text[length - 1]))
                length--;
        memmove(text, text + front, length - front);
        text[length - front] = '\0';
        return text;
}

char *text_to_html(const char *text)
{
        _cleanup_buffer_ struct buffer b = BUFFER_INIT(SIZE_MAX);

        for (;;) {
                size_t plain = strcspn(text, "&<>\"'\n");

                (void) buffer_append(&b, text, plain);
                text += plain;
                switch (*text++) {
                case '\0':
                        return buffer_take(&b);
                case '&':
                        (void) buffer_append_str(&b, "&amp;");
                        break;
                case '<':
                        (void) buffer_append_str(&b, "&lt;");
                        break;
                case '>':
                        (void) buffer_append_str(&b, "&gt;");
                        break;
                case '"':
                        (void) buffer_append_str(&b, "&quot;");
                        break;
                case '\'':
                        (void) buffer_append_str(&b, "&#39;");
                        break;
                case '\n':
                        (void) buffer_append_str(&b, "<br>");
                        break;
                }
        }
}
