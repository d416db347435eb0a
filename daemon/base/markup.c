/* SPDX-License-Identifier: MIT
 *
 * HTML cut into tags and text as the HTML standard says (13.2.5, tokenization), but where a browser would lose
 * text for good - a tag, comment or <script> that never ends - the '<' is taken as one that somebody typed.
 * Owns nothing; only html.c calls it.
 *
 * It stands here because no parser in Debian 12 builds a tree from hostile input in bounded time.  gumbo
 * 0.10.1, on one core: 16 KiB of "<b>" 0.35 s, 64 KiB of "<div>" 5.7 s, 1 MiB over a minute; one tag with
 * 64 KiB of attributes 0.4 s; it frees the tree by recursion.  To bound what reaches it, one has to follow
 * tags, quotes and nesting before it does, and that is all that plain text needs.  gumbo keeps the names of
 * characters: 2231 of them, which are not ours to keep.
 */
#define _GNU_SOURCE 1   /* memrchr(3) */
#include "base/markup.h"

#include <ctype.h>
#include <gumbo.h>
#include <strings.h>
#include <unistr.h>

/* 5 us each, 10 ms in all, in a text made for it: the usual names are not asked for, and the others once as
 * a rule.  Names beyond stay as they were written. */
#define NAMES_ASKED_MAX 2048

static const struct {
        const char *name;
        enum markup_tag tag;
} tags[] = {                           /* sorted: find_tag() halves */
        { "a", MARKUP_A },
        { "address", MARKUP_BLOCK },
        { "article", MARKUP_BLOCK },
        { "aside", MARKUP_BLOCK },
        { "audio", MARKUP_AUDIO },
        { "blockquote", MARKUP_BLOCKQUOTE },
        { "br", MARKUP_BR },
        { "canvas", MARKUP_CANVAS },
        { "caption", MARKUP_BLOCK },
        { "center", MARKUP_BLOCK },
        { "dd", MARKUP_BLOCK },
        { "details", MARKUP_BLOCK },
        { "dialog", MARKUP_BLOCK },
        { "div", MARKUP_DIV },
        { "dl", MARKUP_PARAGRAPH },
        { "dt", MARKUP_BLOCK },
        { "fieldset", MARKUP_BLOCK },
        { "figcaption", MARKUP_BLOCK },
        { "figure", MARKUP_PARAGRAPH },
        { "footer", MARKUP_BLOCK },
        { "form", MARKUP_BLOCK },
        { "h1", MARKUP_PARAGRAPH },
        { "h2", MARKUP_PARAGRAPH },
        { "h3", MARKUP_PARAGRAPH },
        { "h4", MARKUP_PARAGRAPH },
        { "h5", MARKUP_PARAGRAPH },
        { "h6", MARKUP_PARAGRAPH },
        { "header", MARKUP_BLOCK },
        { "hr", MARKUP_PARAGRAPH },
        { "iframe", MARKUP_IFRAME },
        { "img", MARKUP_IMG },
        { "legend", MARKUP_BLOCK },
        { "li", MARKUP_LI },
        { "main", MARKUP_BLOCK },
        { "math", MARKUP_MATH },
        { "menu", MARKUP_UL },
        { "nav", MARKUP_BLOCK },
        { "noembed", MARKUP_NOEMBED },
        { "noframes", MARKUP_NOFRAMES },
        { "noscript", MARKUP_NOSCRIPT },
        { "object", MARKUP_OBJECT },
        { "ol", MARKUP_OL },
        { "p", MARKUP_P },
        { "plaintext", MARKUP_PLAINTEXT },
        { "pre", MARKUP_PRE },
        { "script", MARKUP_SCRIPT },
        { "section", MARKUP_BLOCK },
        { "select", MARKUP_SELECT },
        { "span", MARKUP_SPAN },
        { "style", MARKUP_STYLE },
        { "summary", MARKUP_BLOCK },
        { "svg", MARKUP_SVG },
        { "table", MARKUP_TABLE },
        { "tbody", MARKUP_TR },
        { "td", MARKUP_TD },
        { "template", MARKUP_TEMPLATE },
        { "textarea", MARKUP_TEXTAREA },
        { "tfoot", MARKUP_TR },
        { "th", MARKUP_TD },
        { "thead", MARKUP_TR },
        { "title", MARKUP_TITLE },
        { "tr", MARKUP_TR },
        { "ul", MARKUP_UL },
        { "video", MARKUP_VIDEO },
        { "xmp", MARKUP_XMP },
};

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static bool is_alpha(char c)           /* not isalpha(): that depends on the locale */
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static enum markup_tag find_tag(const char *name, size_t size)
{
        size_t low = 0, high = ELEMENTSOF(tags);
        char key[16];

        if (size >= sizeof(key))
                return MARKUP_OTHER;
        for (size_t i = 0; i < size; i++)
                key[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char) (name[i] | 0x20) : name[i];
        key[size] = '\0';

        while (low < high) {
                size_t middle = (low + high) / 2;
                int order = strcmp(key, tags[middle].name);

                if (order == 0)
                        return tags[middle].tag;
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return MARKUP_OTHER;
}

/* At most what the table could know, and a bit: a longer name is none of ours. */
static size_t name_size(const char *s, const char *end)
{
        const char *at = s;

        end = MIN(end, s + 16);
        while (at < end && !is_blank(*at) && *at != '/' && *at != '>')
                at++;
        return (size_t) (at - s);
}

void markup_init(struct markup *m, const char *html, size_t size, bool cut)
{
        *m = (struct markup) { .at = html, .end = html + size, .cut = cut, .last_close = memrchr(html, '>', size) };

        for (const char *s = html; (s = memchr(s, '<', (size_t) (m->end - s))); s++)
                if (s + 2 < m->end && s[1] == '/' && is_alpha(s[2])) {
                        size_t n = name_size(s + 2, m->end);

                        /* "</script" at the very end ends nothing. */
                        if (s + 2 + n < m->end)
                                m->last_end[find_tag(s + 2, n)] = s;
                        s += n;
                }
}

bool markup_will_end(const struct markup *m, enum markup_tag tag)
{
        return m->last_end[tag] && m->last_end[tag] >= m->at;
}

static bool is_name(const char *name, size_t size, const char *expected)
{
        return size == strlen(expected) && strncasecmp(name, expected, size) == 0;
}

static void take_attribute(struct markup_token *t, const char *name, size_t size, struct markup_run value)
{
        struct markup_run *run = is_name(name, size, "href") ? &t->href :
                is_name(name, size, "class") ? &t->class_names :
                is_name(name, size, "alt") ? &t->alt :
                is_name(name, size, "style") ? &t->style : NULL;

        if (run && !run->data)
                *run = value;
        else if (is_name(name, size, "hidden"))
                t->hidden = true;
}

/* Behind the next '>', or NULL; linear, as a search that would fail is not begun. */
static const char *skip_to_close(const struct markup *m, const char *s)
{
        if (!m->last_close || s > m->last_close)
                return NULL;
        return (const char *) memchr(s, '>', (size_t) (m->end - s)) + 1;
}

/* s is behind the tag's name.  Returns what follows the '>', or NULL if the tag never ends. */
static const char *take_attributes(const struct markup *m, const char *s, struct markup_token *t)
{
        const char *end = m->end;

        if (m->ignore_quotes || !m->last_close || s > m->last_close)
                return skip_to_close(m, s);

        for (;;) {
                while (s < end && (is_blank(*s) || *s == '/'))
                        s++;
                if (s == end)
                        return NULL;
                if (*s == '>')
                        return s + 1;

                const char *name = s++;        /* an '=' here is the name's first character */
                while (s < end && !is_blank(*s) && *s != '/' && *s != '>' && *s != '=')
                        s++;
                size_t size = (size_t) (s - name);
                while (s < end && is_blank(*s))
                        s++;

                struct markup_run value = { .data = "" };
                if (s < end && *s == '=') {
                        for (s++; s < end && is_blank(*s); s++)
                                ;
                        if (s < end && (*s == '"' || *s == '\'')) {
                                const char *close = memchr(s + 1, *s, (size_t) (end - s - 1));

                                if (!close)
                                        return NULL;
                                value = (struct markup_run) { s + 1, (size_t) (close - s - 1) };
                                s = close + 1;
                        } else {
                                value.data = s;
                                while (s < end && !is_blank(*s) && *s != '>')
                                        s++;
                                value.size = (size_t) (s - value.data);
                        }
                }
                take_attribute(t, name, size, value);
        }
}

/* Behind a comment that begins at s ("<!--"), or NULL if it never ends. */
static const char *skip_comment(struct markup *m, const char *s)
{
        const char *body = s + 4;

        if (m->no_comment_end)
                return NULL;
        if (body < m->end && *body == '>')                                     /* "<!-->" */
                return body + 1;
        if (m->end - body >= 2 && body[0] == '-' && body[1] == '>')            /* "<!--->" */
                return body + 2;
        while ((s = memchr(body, '-', (size_t) (m->end - body)))) {
                const char *dashes_end = s;

                while (dashes_end < m->end && *dashes_end == '-')
                        dashes_end++;
                if (dashes_end - s >= 2) {
                        if (dashes_end < m->end && *dashes_end == '>')
                                return dashes_end + 1;
                        if (m->end - dashes_end >= 2 && dashes_end[0] == '!' && dashes_end[1] == '>')
                                return dashes_end + 2;
                }
                body = dashes_end;
        }
        m->no_comment_end = true;      /* so that the next need not look for it again */
        return NULL;
}

/* Behind the end tag of a raw element whose content begins at m->at; there is one. */
static const char *skip_raw(const struct markup *m, enum markup_tag tag)
{
        for (const char *s = m->at; (s = memchr(s, '<', (size_t) (m->end - s))); s++)
                if (s + 2 < m->end && s[1] == '/' && is_alpha(s[2]) &&
                    find_tag(s + 2, name_size(s + 2, m->end)) == tag) {
                        const char *close = memchr(s, '>', (size_t) (m->end - s));

                        return close ? close + 1 : m->end;
                }
        return m->end;
}

/* Whether the '<' at s can begin anything but text. */
static bool may_begin_tag(const struct markup *m, const char *s)
{
        if (m->end - s < 3 || (!m->cut && (!m->last_close || s > m->last_close)))
                return false;
        if (s[1] == '/')               /* "</3" is said more often than an end tag without name */
                return is_alpha(s[2]) || s[2] == '>';
        return is_alpha(s[1]) || s[1] == '!' || s[1] == '?';
}

/* At a '<'.  True if it begins a tag, which is in *ret then, or something to skip (an empty text); m->at is
 * behind it.  False if it is text. */
static bool take_tag(struct markup *m, struct markup_token *ret)
{
        const char *s = m->at + 1, *next;

        *ret = (struct markup_token) { .kind = MARKUP_TEXT, .text = { "", 0 } };

        if (*s == '!' && s[1] == '-' && m->end - s >= 3 && s[2] == '-')
                next = skip_comment(m, m->at);
        else if (*s == '!' || *s == '?' || (*s == '/' && s[1] == '>'))
                next = skip_to_close(m, s);    /* doctype, CDATA, <?xml */
        else {
                ret->kind = *s == '/' ? MARKUP_END : MARKUP_START;
                s += ret->kind == MARKUP_END;

                size_t n = name_size(s, m->end);
                ret->tag = find_tag(s, n);
                next = take_attributes(m, s + n, ret);
                if (!next && !m->ignore_quotes) {
                        /* Once only: searched again from each '<', this would be quadratic. */
                        m->ignore_quotes = true;
                        next = take_attributes(m, s + n, ret);
                }
        }

        if (!next && m->cut)
                next = m->end;
        if (!next)
                return false;

        m->at = next;
        if (ret->kind == MARKUP_START && ret->tag >= MARKUP_DROPPED && ret->tag < MARKUP_DROPPED_NOT_RAW) {
                if (markup_will_end(m, ret->tag))
                        m->at = skip_raw(m, ret->tag);
                ret->kind = MARKUP_TEXT;
        }
        return true;
}

bool markup_next(struct markup *m, struct markup_token *ret)
{
        const char *start = m->at, *s;

        if (m->at == m->end)
                return false;

        if (*m->at == '<' && may_begin_tag(m, m->at) && take_tag(m, ret))
                return true;

        for (s = start + 1; (s = memchr(s, '<', (size_t) (m->end - s))) && !may_begin_tag(m, s); s++)
                ;
        m->at = s ?: m->end;
        ret->kind = MARKUP_TEXT;
        ret->text = (struct markup_run) { start, (size_t) (m->at - start) };
        return true;
}

static void put_code_point(ucs4_t c, char ret[static 12])
{
        /* HTML 13.2.5.80: numbers that were meant as windows-1252 are read so. */
        static const unsigned short windows_1252[32] = {
                0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152,
                0x8d, 0x017d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122,
                0x0161, 0x203a, 0x0153, 0x9d, 0x017e, 0x0178,
        };

        if (c >= 0x80 && c < 0xa0)
                c = windows_1252[c - 0x80];
        int n = c > 0 ? u8_uctomb((uint8_t *) ret, c, 8) : -1;
        if (n < 0)                     /* 0, a surrogate, or beyond Unicode */
                n = u8_uctomb((uint8_t *) ret, 0xfffd, 8);
        ret[n] = '\0';
}

static size_t take_number(const char *s, size_t size, char ret[static 12])
{
        bool hex = size > 2 && (s[2] == 'x' || s[2] == 'X');
        size_t i = hex ? 3 : 2, first = i;
        ucs4_t c = 0;

        for (; i < size && (hex ? isxdigit((unsigned char) s[i]) : is_digit(s[i])); i++) {
                int digit = is_digit(s[i]) ? s[i] - '0' : (s[i] | 0x20) - 'a' + 10;

                if (c <= 0x10ffff)     /* stays too large, however many digits follow */
                        c = c * (hex ? 16 : 10) + (ucs4_t) digit;
        }
        if (i == first)
                return 0;
        put_code_point(c, ret);
        return i + (i < size && s[i] == ';');
}

/* What gumbo makes of it as the only text of a document; false if it knows no such name. */
static bool ask_gumbo(const char *reference, size_t size, char ret[static 12])
{
        /* The 'x' because blanks at the very front (&Tab;) would be left out. */
        char document[48] = "x";
        GumboOptions options = kGumboDefaultOptions;
        bool known = false;

        if (size >= sizeof(document) - 1)
                return false;
        memcpy(document + 1, reference, size);
        options.max_errors = 0;

        GumboOutput *output = gumbo_parse_with_options(&options, document, size + 1);
        const GumboVector *top = &output->root->v.element.children;

        for (unsigned i = 0; i < top->length; i++) {
                const GumboNode *body = top->data[i];

                if (body->type != GUMBO_NODE_ELEMENT || body->v.element.tag != GUMBO_TAG_BODY ||
                    body->v.element.children.length != 1)
                        continue;

                const GumboNode *text = body->v.element.children.data[0];
                const char *decoded = text->v.text.text + 1;

                /* Longer: "&notit;" is "&not" and the text "it;". */
                if (text->type == GUMBO_NODE_TEXT && strncmp(decoded, reference, size) != 0 && strlen(decoded) < 12) {
                        strcpy(ret, decoded);
                        known = true;
                }
        }
        gumbo_destroy_output(&options, output);
        return known;
}

static size_t take_name(struct markup_names *names, const char *s, size_t size, char ret[static 12])
{
        static const struct {
                const char *name, *utf8;
        } usual[] = {
                { "&amp;", "&" }, { "&lt;", "<" }, { "&gt;", ">" }, { "&quot;", "\"" }, { "&apos;", "'" },
                { "&nbsp;", "\xc2\xa0" },
        };
        uint32_t hash = 2166136261u;

        for (size_t i = 0; i < ELEMENTSOF(usual); i++)
                if (size == strlen(usual[i].name) && memcmp(s, usual[i].name, size) == 0) {
                        strcpy(ret, usual[i].utf8);
                        return size;
                }

        if (size >= sizeof(names->kept[0].name))
                return 0;
        for (size_t i = 0; i < size; i++)
                hash = (hash ^ (unsigned char) s[i]) * 16777619u;
        hash ^= hash >> 16;

        __auto_type kept = &names->kept[hash % MARKUP_NAMES_KEPT];
        if (strncmp(kept->name, s, size) != 0 || kept->name[size]) {
                if (names->asked >= NAMES_ASKED_MAX)
                        return 0;
                names->asked++;
                memcpy(kept->name, s, size);
                kept->name[size] = '\0';
                if (!ask_gumbo(s, size, kept->utf8))
                        kept->utf8[0] = '\0';
        }
        strcpy(ret, kept->utf8);
        return *ret ? size : 0;
}

size_t markup_reference(struct markup_names *names, const char *s, size_t size, bool in_attribute,
                        char ret[static 12])
{
        size_t n = 1;

        if (size < 3)
                return 0;
        if (s[1] == '#')
                return take_number(s, size, ret);

        while (n < size && n < sizeof(names->kept[0].name) && (is_alpha(s[n]) || is_digit(s[n])))
                n++;
        if (n < size && s[n] == ';')
                n++;
        else if (in_attribute)
                return 0;              /* "?a=1&copy=2" */
        return n > 2 ? take_name(names, s, n, ret) : 0;
}
