/* SPDX-License-Identifier: MIT
 *
 * What stands between HTML from outside and gumbo.  Owns nothing; only html.c calls it.
 *
 * gumbo 0.10.1 builds the tree that a browser builds, but for hostile input in quadratic time or worse: it
 * searches all open elements for each tag, copies formatting elements that were not ended into each block
 * that follows, and compares each attribute with all before it.  64 KiB of "<div>" take 5.7 s, 16 KiB of
 * "<b>" 0.35 s.  So the tags are followed here first, by gumbo's own rules as long as nothing is nested
 * wrongly; at the first tag that would make it repair something, or that has rules of its own (select, svg,
 * frameset), the input is refused.  Posts and notes come out of serializers, and are allowed.
 */
#define _GNU_SOURCE 1   /* memmem(3), memrchr(3) */
#include "base/htmlguard.h"

#include "base/buffer.h"

#include <strings.h>

/* Web pages have 15 to 30 levels.  gumbo's time goes with the open elements, and with the formatting ones
 * among them times the square of their attributes. */
#define OPEN_MAX       64
#define FORMATTING_MAX 12
#define ATTRIBUTES_MAX 24

enum {
        LINE       = 1 << 0,
        PARAGRAPH  = 1 << 1,    /* set apart by an empty line */
        ENDS_P     = 1 << 2,    /* ends an open p */
        ENDS_INNER = 1 << 3,    /* its end tag ends what is open in it */
        ENDS_OWN   = 1 << 4,    /* ends an open one of its kind */
        FORMATTING = 1 << 5,
        VOID       = 1 << 6,
        PART       = 1 << 7,    /* of a table */
        WALL       = 1 << 8,    /* tags in it do nothing to what is open around it */
        LIST       = 1 << 9,    /* a wall for li, dt and dd */
        RAW        = 1 << 10,   /* tags in it are text */
        DROPPED    = 1 << 11,
        REFUSED    = 1 << 12,
        ONCE       = 1 << 13,   /* stays open, and collects the attributes of all of its name */

        BLOCK = LINE | ENDS_P | ENDS_INNER, TEXT = BLOCK | PARAGRAPH, HIDDEN = DROPPED | RAW, ODD = DROPPED | REFUSED,
};

#define T(name) [GUMBO_TAG_##name]
static const unsigned short kinds[GUMBO_TAG_LAST + 1] = {
        T(HTML) = ONCE, T(HEAD) = ONCE, T(BODY) = ONCE, T(P) = LINE | PARAGRAPH | ENDS_P | ENDS_OWN,
        T(ADDRESS) = BLOCK, T(ARTICLE) = BLOCK, T(ASIDE) = BLOCK, T(CENTER) = BLOCK, T(DETAILS) = BLOCK, T(DIV) = BLOCK,
        T(FIELDSET) = BLOCK, T(FIGCAPTION) = BLOCK, T(FOOTER) = BLOCK, T(HEADER) = BLOCK, T(NAV) = BLOCK,
        T(SECTION) = BLOCK, T(SUMMARY) = BLOCK, T(FORM) = LINE | ENDS_P, T(LEGEND) = LINE, T(MAIN) = LINE,
        T(FIGURE) = TEXT, T(PRE) = TEXT, [GUMBO_TAG_H1 ... GUMBO_TAG_H6] = TEXT | ENDS_OWN,
        T(BLOCKQUOTE) = TEXT | LIST, T(OL) = TEXT | LIST, T(UL) = TEXT | LIST, T(MENU) = TEXT | LIST,
        T(DIR) = TEXT | LIST, T(DL) = TEXT | LIST, T(DD) = BLOCK | ENDS_OWN, T(DT) = BLOCK | ENDS_OWN,
        T(LI) = BLOCK | ENDS_OWN,
        T(TABLE) = BLOCK | WALL, T(CAPTION) = LINE | ENDS_INNER | PART | WALL, T(COLGROUP) = PART, T(COL) = PART | VOID,
        T(TBODY) = PART, T(THEAD) = PART, T(TFOOT) = PART, T(TR) = LINE | PART, T(TD) = ENDS_INNER | PART | WALL,
        T(TH) = ENDS_INNER | PART | WALL,
        T(A) = FORMATTING | ENDS_OWN, T(B) = FORMATTING, T(BIG) = FORMATTING, T(CODE) = FORMATTING, T(EM) = FORMATTING,
        T(FONT) = FORMATTING, T(I) = FORMATTING, T(S) = FORMATTING, T(SMALL) = FORMATTING, T(STRIKE) = FORMATTING,
        T(STRONG) = FORMATTING, T(TT) = FORMATTING, T(U) = FORMATTING, T(NOBR) = FORMATTING | ENDS_OWN,
        T(AREA) = VOID, T(BASE) = VOID, T(BR) = VOID, T(EMBED) = VOID, T(HR) = VOID | LINE | PARAGRAPH | ENDS_P,
        T(IMG) = VOID, T(INPUT) = VOID, T(LINK) = VOID, T(META) = VOID, T(PARAM) = VOID, T(SOURCE) = VOID,
        T(TRACK) = VOID, T(WBR) = VOID,
        T(IFRAME) = HIDDEN, T(NOEMBED) = HIDDEN, T(NOFRAMES) = HIDDEN, T(SCRIPT) = HIDDEN, T(STYLE) = HIDDEN,
        T(TEXTAREA) = HIDDEN, T(TITLE) = HIDDEN, T(XMP) = HIDDEN | ENDS_P, T(NOSCRIPT) = HIDDEN | REFUSED,
        T(PLAINTEXT) = HIDDEN | REFUSED, T(AUDIO) = DROPPED, T(CANVAS) = DROPPED, T(VIDEO) = DROPPED, T(MATH) = ODD,
        T(OBJECT) = ODD, T(SELECT) = ODD, T(SVG) = ODD, T(TEMPLATE) = ODD, T(APPLET) = REFUSED, T(BUTTON) = REFUSED,
        T(FRAMESET) = REFUSED, T(MARQUEE) = REFUSED,
};

struct tag {
        GumboTag tag;
        unsigned kind, attributes;
        bool end;
        const char *name, *alt;
        size_t name_size, alt_size;
};

bool htmlguard_is_shown(GumboTag tag)
{
        return !(kinds[tag] & DROPPED);
}

unsigned htmlguard_line_ends(GumboTag tag)
{
        return kinds[tag] & PARAGRAPH ? 2 : kinds[tag] & LINE ? 1 : 0;
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

/* s: at the name.  Behind the '>', or NULL if there is none (HTML 13.2.5.8 and 32 to 40). */
static const char *take_tag(const char *s, const char *end, struct tag *ret)
{
        *ret = (struct tag) { .name = s, .end = s[-1] == '/' };
        while (s < end && !is_blank(*s) && *s != '/' && *s != '>')
                s++;
        ret->name_size = (size_t) (s - ret->name);
        ret->tag = gumbo_tagn_enum(ret->name, (unsigned) ret->name_size);
        ret->kind = kinds[ret->tag];

        for (;;) {
                while (s < end && (is_blank(*s) || *s == '/'))
                        s++;
                if (s >= end || *s == '>')
                        return s < end ? s + 1 : NULL;

                const char *name = s++;        /* an '=' here is the name's first character */
                while (s < end && !is_blank(*s) && *s != '/' && *s != '>' && *s != '=')
                        s++;
                bool is_alt = s - name == 3 && strncasecmp(name, "alt", 3) == 0 && !ret->alt;
                ret->attributes++;

                while (s < end && is_blank(*s))
                        s++;
                if (s == end || *s != '=')
                        continue;
                for (s++; s < end && is_blank(*s); s++)
                        ;
                char quote = s < end && (*s == '"' || *s == '\'') ? *s++ : '\0';
                const char *value = s;
                while (s < end && (quote ? *s != quote : !is_blank(*s) && *s != '>'))
                        s++;
                if (is_alt) {
                        ret->alt = value;
                        ret->alt_size = (size_t) (s - value);
                }
                s += quote && s < end;
        }
}

/* The end tag of a raw element whose content begins at s; of another, that of the outermost.  NULL: there is none. */
static const char *find_end(const char *s, const char *end, const struct tag *t)
{
        unsigned depth = 1;

        for (; (s = memchr(s, '<', (size_t) (end - s))); s++) {
                bool is_end = s + 1 < end && s[1] == '/';
                const char *name = s + 1 + is_end, *behind = name + t->name_size;

                if ((!is_end && (t->kind & RAW)) || behind >= end || strncasecmp(name, t->name, t->name_size) != 0 ||
                    (!is_blank(*behind) && *behind != '/' && *behind != '>'))
                        continue;
                depth += is_end ? -1u : 1u;
                if (depth == 0)
                        return s;
        }
        return NULL;
}

enum markup { CHARACTER, COMMENT, OTHER, TAG };

/* What the '<' at s begins.  Other: doctype, CDATA, <?xml, </3. */
static enum markup look_at(const char *s, const char *end)
{
        char c = s + 1 < end ? s[1] : '\0', letter = (char) ((c == '/' && s + 2 < end ? s[2] : c) | 0x20);

        if (letter >= 'a' && letter <= 'z')
                return TAG;
        if (end - s >= 4 && memcmp(s, "<!--", 4) == 0)
                return COMMENT;
        return c == '!' || c == '?' || (c == '/' && s + 2 < end) ? OTHER : CHARACTER;
}

/* Behind the comment at s, or NULL. */
static const char *skip_comment(const char *s, const char *end)
{
        const char *body = s + 2;      /* "<!-->" and "<!--->" are whole */

        for (s += 4; (s = memchr(s, '>', (size_t) (end - s))); ) {
                s++;
                if (memcmp(s - 3, "-->", 3) == 0 || (s - body >= 6 && memcmp(s - 4, "--!>", 4) == 0))
                        return s;
        }
        return NULL;
}

struct open {
        struct tag tags[OPEN_MAX];
        size_t n;
};

static bool is_heading(GumboTag tag)
{
        return tag >= GUMBO_TAG_H1 && tag <= GUMBO_TAG_H6;
}

static bool is_same(const struct tag *a, const struct tag *b)
{
        if (a->tag != b->tag)
                return is_heading(a->tag) && is_heading(b->tag);
        return a->tag != GUMBO_TAG_UNKNOWN ||
                (a->name_size == b->name_size && strncasecmp(a->name, b->name, a->name_size) == 0);
}

/* The innermost of t's name, counted from 1; 0 if there is none, or none before a wall. */
static size_t find_open(const struct open *o, const struct tag *t, unsigned walls, unsigned *ret_inner)
{
        *ret_inner = 0;
        for (size_t i = o->n; i > 0; i--) {
                if (is_same(&o->tags[i - 1], t))
                        return i;
                if (o->tags[i - 1].kind & walls)
                        return 0;
                *ret_inner |= o->tags[i - 1].kind;
        }
        return 0;
}

/* Ends one of this name if it is the innermost.  False if it is another: gumbo would end that and all in it. */
static bool end_innermost(struct open *o, GumboTag tag, unsigned walls)
{
        unsigned inner;
        size_t i = find_open(o, &(struct tag) { .tag = tag }, walls | WALL, &inner), n = o->n;

        o->n -= i > 0 && i == n;
        return i == 0 || i == n;
}

static bool allows_end(struct open *o, const struct tag *t)
{
        unsigned inner;
        size_t i = find_open(o, t, WALL | (t->tag == GUMBO_TAG_LI ? LIST : 0), &inner);

        if (i == 0)                    /* gumbo ignores it */
                return !(t->kind & PART) && t->tag != GUMBO_TAG_TABLE;
        if (i < o->n && (!(t->kind & ENDS_INNER) || (inner & (FORMATTING | PART))))
                return false;
        o->n = i - 1;
        return true;
}

/* Whether parts of a table stand in one another, and nothing else between them: gumbo would move that out. */
static bool fits(GumboTag outer, unsigned outer_kind, const struct tag *t)
{
        bool is_group = outer == GUMBO_TAG_TBODY || outer == GUMBO_TAG_THEAD || outer == GUMBO_TAG_TFOOT;

        if (!(t->kind & PART))
                return outer != GUMBO_TAG_TABLE && (outer_kind & (PART | WALL)) != PART;
        if (t->tag == GUMBO_TAG_TD || t->tag == GUMBO_TAG_TH)
                return outer == GUMBO_TAG_TR;
        if (t->tag == GUMBO_TAG_COL)
                return outer == GUMBO_TAG_COLGROUP;
        return outer == GUMBO_TAG_TABLE || (is_group && t->tag == GUMBO_TAG_TR);
}

static bool allows_start(struct open *o, const struct tag *t)
{
        const struct tag *top = o->n > 0 ? &o->tags[o->n - 1] : &(struct tag) { .tag = GUMBO_TAG_BODY };
        bool term = t->tag == GUMBO_TAG_DD || t->tag == GUMBO_TAG_DT;
        unsigned formatting = 0;

        if ((t->kind & REFUSED) || t->attributes > ATTRIBUTES_MAX || !fits(top->tag, top->kind, t) ||
            ((t->tag == GUMBO_TAG_RT || t->tag == GUMBO_TAG_RP) && (top->kind & ENDS_P)))
                return false;
        if (((t->kind & ENDS_P) && !end_innermost(o, GUMBO_TAG_P, 0)) ||
            ((t->kind & ENDS_OWN) && !end_innermost(o, t->tag, t->kind & FORMATTING ? 0 : LIST)) ||
            (term && !end_innermost(o, t->tag == GUMBO_TAG_DD ? GUMBO_TAG_DT : GUMBO_TAG_DD, LIST)))
                return false;
        if (t->kind & (VOID | RAW))
                return true;

        for (size_t i = 0; i < o->n; i++)
                formatting += (o->tags[i].kind & FORMATTING) != 0;
        if (o->n == OPEN_MAX || formatting == FORMATTING_MAX)
                return false;
        o->tags[o->n++] = *t;
        return true;
}

bool htmlguard_allows(const char *html, size_t size)
{
        _cleanup_free_ struct open *o = xcalloc(1, sizeof(*o));
        const char *end = html + size, *next;
        bool once[GUMBO_TAG_LAST + 1] = { false };

        if (size > HTMLGUARD_SIZE_MAX)
                return false;
        for (const char *s = html; (s = memchr(s, '<', (size_t) (end - s))); s = next) {
                enum markup markup = look_at(s, end);
                struct tag t;

                next = markup == CHARACTER ? s + 1 : markup == COMMENT ? skip_comment(s, end) :
                        markup == OTHER ? memchr(s, '>', (size_t) (end - s)) : take_tag(s + 1 + (s[1] == '/'), end, &t);
                if (!next)
                        return false;
                if (markup != TAG)
                        continue;
                if (t.kind & ONCE) {
                        if (!t.end && (once[t.tag] || t.attributes > ATTRIBUTES_MAX))
                                return false;
                        once[t.tag] = once[t.tag] || !t.end;
                } else if (t.end ? !allows_end(o, &t) : !allows_start(o, &t))
                        return false;

                if (!t.end && (t.kind & RAW)) {
                        const char *content = next;

                        next = find_end(content, end, &t);
                        if (!next || memmem(content, (size_t) (next - content), "<!--", 4))
                                return false;          /* a <script> in a comment in a <script> is another matter */
                }
        }
        return true;
}

/* Shows nothing and ends a tag's or a reference's name, so that no new one is made where a tag is left out. */
static const char no_markup[] = "\xe2\x80\x8b";

/* gap: what blanks and line ends have come before: 1, 2, or 3 for an empty line. */
static void put_text(struct buffer *b, unsigned *gap, const char *s, const char *end)
{
        static const char *const gaps[] = { "", " ", "\n", "\n\n" };

        for (; s < end; s++)
                if (is_blank(*s))
                        *gap = MAX(*gap, 1u);
                else {
                        if (*gap == 0 && *s != '<' && b->data[b->size - 1] == '<')
                                (void) buffer_append_str(b, no_markup);
                        (void) buffer_append_str(b, gaps[*gap]);
                        (void) buffer_append(b, s, 1);
                        *gap = 0;
                }
}

char *htmlguard_flatten(const char *html, size_t size, bool cut)
{
        struct buffer b = BUFFER_INIT(SIZE_MAX);
        const char *end = html + size, *last = memrchr(html, '>', size), *next;
        bool endless[GUMBO_TAG_LAST + 1] = { false }, endless_comment = false, endless_quote = false;
        unsigned gap = 0;

        (void) buffer_append_str(&b, "<pre>\n");
        for (const char *s = html; s < end; s = next) {
                next = memchr(s, '<', (size_t) (end - s)) ?: end;
                put_text(&b, &gap, s, next);
                if (next == end)
                        break;
                s = next;

                /* A search that has failed is not begun again: so this is linear. */
                enum markup markup = look_at(s, end);
                const char *close = last && last > s ? memchr(s, '>', (size_t) (end - s)) : NULL;
                struct tag t = { .kind = 0 };

                next = NULL;
                if (markup == TAG && close)
                        next = take_tag(s + 1 + (s[1] == '/'), endless_quote ? close + 1 : end, &t);
                else if (markup == COMMENT && close && !endless_comment)
                        next = skip_comment(s, end);
                endless_quote = endless_quote || (markup == TAG && !next);
                endless_comment = endless_comment || (markup == COMMENT && !next);
                if (!next && close && markup != COMMENT)
                        next = close + 1;
                if (markup != CHARACTER && !next && cut)
                        break;
                if (markup == CHARACTER || !next) {
                        next = s + 1;
                        put_text(&b, &gap, s, next);
                        continue;
                }

                if (t.kind & LINE)
                        gap = MAX(gap, t.kind & PARAGRAPH ? 3u : 2u);
                else if (t.kind & PART)
                        gap = MAX(gap, 1u);
                else if (markup == TAG && t.tag == GUMBO_TAG_BR)
                        gap = gap < 2 ? 2 : 3;
                else if (gap == 0)
                        (void) buffer_append_str(&b, no_markup);
                if (t.tag == GUMBO_TAG_IMG && t.alt)
                        put_text(&b, &gap, t.alt, t.alt + t.alt_size);
                if (!t.end && (t.kind & DROPPED) && !endless[t.tag]) {
                        const char *behind = find_end(next, end, &t);

                        endless[t.tag] = !behind;
                        next = behind ?: next;
                }
        }
        return buffer_take(&b);
}
