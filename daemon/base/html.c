/* SPDX-License-Identifier: MIT
 *
 * Posts and notes in HTML as the plain text that a browser would show, and back.  Owns nothing; anyone may
 * call it.  gumbo builds the tree, htmlguard.c keeps from it what would take it long; here is what the
 * elements mean for plain text.
 *
 * One walk over the tree, without recursion.  gumbo allocates from an arena that goes as a whole, as it would
 * free its tree by recursion; nor can a pointer it keeps to what it has freed do harm.
 */
#include "base/text.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/htmlguard.h"

#include <strings.h>

/* "> > > - text": a reader loses count far earlier, and each line pays for it. */
#define PREFIX_LEVELS_MAX 8

#define ITEM_MAX 100000          /* that a list may begin with */

#define TREE_SIZE 8160         /* that of a post with some 500 characters */

static const char delimiter[] = "-- ";

struct renderer {
        struct buffer out;
        unsigned quotes, lists, pres;  /* how many of them are open */
        unsigned items[PREFIX_LEVELS_MAX]; /* in each open list, the number of the item; 0: of a list without numbers */

        unsigned line_ends;            /* to be written before the next text */
        unsigned shown_quotes;         /* the least open since the last text: these go on across an empty line */
        bool blank;                    /* a blank is to be written before the next text of this line */
        bool line_has_text;
        bool marker;                   /* a list item has begun and shows nothing yet */
        bool cell;                     /* so has a table's cell */
        size_t delimiter;              /* where "-- " was put before a marked signature; SIZE_MAX: nowhere */
        bool signed_off;               /* that signature has ended */
        size_t row_start;              /* size of out where the row began; SIZE_MAX: cells begin a line */

        struct {
                bool started, has_hidden;
                char *href;            /* NULL outside of a link, or if it is not to be shown */
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

/* What begins a line in a list. */
static void put_marker(struct renderer *r)
{
        unsigned item = r->lists > 0 && r->lists <= PREFIX_LEVELS_MAX ? r->items[r->lists - 1] : 0;

        if (r->marker && item > 0)
                (void) buffer_printf(&r->out, "%u. ", item);
        else
                (void) buffer_append_str(&r->out, r->marker ? "- " : r->lists > 0 ? "  " : "");
        r->marker = false;
}

static void put_line_start(struct renderer *r)
{
        static const char quotes[] = "> > > > > > > > ", indents[] = "                ";

        if (r->out.size > 0 && r->line_ends > 0) {
                (void) buffer_append_str(&r->out, "\n");
                for (unsigned i = 1; i < r->line_ends; i++) {
                        put_levels(r, quotes, r->shown_quotes);
                        if (r->shown_quotes > 0)
                                r->out.size--;         /* no blank at a line's end */
                        (void) buffer_append_str(&r->out, "\n");
                }
        }
        put_levels(r, quotes, r->quotes);
        put_levels(r, indents, r->lists > 0 ? r->lists - 1 : 0);
        put_marker(r);
        r->line_ends = 0;
        r->line_has_text = true;
        r->shown_quotes = r->quotes;
}

/* Text that shows: everything that comes out goes through here. */
static void put(struct renderer *r, const char *s, size_t size)
{
        /* What is said behind a signature belongs to the text: so the signature does, too. */
        if (r->signed_off && r->quotes == 0 && r->delimiter < r->out.size) {
                memset(r->out.data + r->delimiter, ' ', strlen(delimiter));
                r->signed_off = false;
        }
        if (!r->line_has_text)
                put_line_start(r);
        else if (r->blank)
                (void) buffer_append_str(&r->out, " ");
        r->blank = false;
        r->cell = false;

        if (!r->link.started) {
                r->link.started = true;
                r->link.start = r->out.size;
        }
        (void) buffer_append(&r->out, s, size);
}

static void put_blank(struct renderer *r, char c)
{
        if (r->pres == 0)
                r->blank = r->line_has_text;
        else if (c == '\n')
                break_line(r, UINT32_MAX);
        else
                put(r, c == '\t' ? "\t" : " ", 1);
}

/* Blanks folded unless in <pre>. */
static void put_text(struct renderer *r, const char *s)
{
        while (*s) {
                const char *start = s;
                bool blank = false;
                size_t n = 0;

                while (*s && (n = text_special(s, &blank)) == 0)
                        s++;
                if (s > start)
                        put(r, start, (size_t) (s - start));
                if (blank)
                        put_blank(r, *s);
                s += n;
        }
}

static const char *attribute(const GumboElement *e, const char *name)
{
        const GumboAttribute *a = gumbo_get_attribute(&e->attributes, name);

        return a ? a->value : NULL;
}

/* Malloced: an http(s) address fit to stand between < and >; NULL if it is none. */
static char *clean_href(const char *s)
{
        _cleanup_buffer_ struct buffer b = BUFFER_INIT(SIZE_MAX);
        size_t size = strlen(s);

        while (size > 0 && s[size - 1] == ' ')
                size--;
        for (size_t i = 0; i < size; i++)
                if (s[i] == '<')
                        (void) buffer_append_str(&b, "%3C");
                else if (s[i] == '>')
                        (void) buffer_append_str(&b, "%3E");
                else if (s[i] == ' ' && b.size > 0)
                        (void) buffer_append_str(&b, "%20");
                else if ((unsigned char) s[i] > ' ' && s[i] != 0x7f)
                        (void) buffer_append(&b, s + i, 1);

        bool web = strncasecmp(buffer_str(&b), "http://", 7) == 0 || strncasecmp(buffer_str(&b), "https://", 8) == 0;
        return web ? buffer_take(&b) : NULL;
}

static bool has_class(const GumboElement *e, const char *name)
{
        const char *blanks = " \t\n\r\f", *s = strempty(attribute(e, "class"));
        size_t size = strlen(name);

        while (*(s += strspn(s, blanks))) {
                size_t n = strcspn(s, blanks);

                if (n == size && memcmp(s, name, n) == 0)
                        return true;
                s += n;
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
        _cleanup_free_ char *href = TAKE_PTR(r->link.href);

        if (href && r->link.started) {
                size_t start = r->link.start;

                if (is_shortened(r->out.data + start, r->out.size - start, href)) {
                        r->out.size = start;
                        (void) buffer_append_str(&r->out, href);
                } else
                        (void) buffer_printf(&r->out, " <%s>", href);
        } else if (href && r->link.has_hidden)
                put(r, href, strlen(href));
}

static void start_link(struct renderer *r, const GumboElement *e)
{
        const char *href = attribute(e, "href");

        end_link(r);                   /* one around it, by way of a table */
        memset(&r->link, 0, sizeof(r->link));
        if (href && !has_class(e, "mention") && !has_class(e, "hashtag") && !has_class(e, "u-url"))
                r->link.href = clean_href(href);
}

/* By its kind, or by a style sheet's word for it. */
static bool is_hidden(const GumboElement *e)
{
        const char *style;

        if (e->tag_namespace != GUMBO_NAMESPACE_HTML || !htmlguard_is_shown(e->tag))
                return true;
        if (e->tag != GUMBO_TAG_SPAN && e->tag != GUMBO_TAG_DIV)
                return false;
        if (attribute(e, "hidden") || has_class(e, "invisible"))
                return true;
        style = strstr(strempty(attribute(e, "style")), "display");
        return style && strncasecmp(style + 7 + strspn(style + 7, " :"), "none", 4) == 0;
}

static void start_row(struct renderer *r)
{
        r->cell = false;
        end_line(r, 1);
        r->row_start = r->out.size;
}

static void start_cell(struct renderer *r)
{
        if (r->out.size > r->row_start) {
                r->line_ends = 0;      /* of a paragraph in the cell before */
                r->line_has_text = true;
                r->blank = true;
        }
        r->cell = true;
}

static bool is_list(GumboTag tag)
{
        return tag == GUMBO_TAG_UL || tag == GUMBO_TAG_OL || tag == GUMBO_TAG_MENU || tag == GUMBO_TAG_DIR;
}

/* Before or behind it; a list in a list is not set apart. */
static void end_block(struct renderer *r, GumboTag tag)
{
        unsigned n = htmlguard_line_ends(tag);

        if (n > 0)
                end_line(r, is_list(tag) && r->lists > 0 ? 1 : n);
}

/* Znuny makes such a div of a blockquote. */
static bool is_quote(const GumboElement *e)
{
        return e->tag == GUMBO_TAG_BLOCKQUOTE || (e->tag == GUMBO_TAG_DIV && streq(strempty(attribute(e, "type")), "cite"));
}

/* Zammad's mark. */
static bool is_signature(const GumboElement *e)
{
        return e->tag == GUMBO_TAG_DIV && streq(strempty(attribute(e, "data-signature")), "true");
}

static void start_signature(struct renderer *r)
{
        if (r->delimiter != SIZE_MAX)
                return;
        put(r, delimiter, strlen(delimiter));
        r->delimiter = r->out.size - strlen(delimiter);
        end_line(r, 1);
}

static void start_list(struct renderer *r, const GumboElement *e)
{
        long first = strtol(strempty(attribute(e, "start")), NULL, 10);

        if (++r->lists <= PREFIX_LEVELS_MAX)
                r->items[r->lists - 1] = e->tag != GUMBO_TAG_OL ? 0 : first > 0 && first <= ITEM_MAX ? (unsigned) first : 1;
}

/* An item has ended. */
static void count_item(struct renderer *r)
{
        if (r->lists > 0 && r->lists <= PREFIX_LEVELS_MAX && r->items[r->lists - 1] > 0)
                r->items[r->lists - 1]++;
}

static void start_element(struct renderer *r, const GumboElement *e)
{
        if (is_list(e->tag) || e->tag == GUMBO_TAG_LI)
                r->marker = false;
        end_block(r, e->tag);
        if (is_list(e->tag))
                start_list(r, e);
        r->marker = r->marker || e->tag == GUMBO_TAG_LI;
        r->quotes += is_quote(e);
        r->pres += e->tag == GUMBO_TAG_PRE;
        if (e->tag == GUMBO_TAG_A)
                start_link(r, e);
        else if (is_signature(e))
                start_signature(r);
        else if (e->tag == GUMBO_TAG_BR)
                break_line(r, 2);
        else if (e->tag == GUMBO_TAG_IMG)
                put_text(r, strempty(attribute(e, "alt")));
        else if (e->tag == GUMBO_TAG_TR)
                start_row(r);
        else if (e->tag == GUMBO_TAG_TD || e->tag == GUMBO_TAG_TH)
                start_cell(r);
}

static void end_element(struct renderer *r, const GumboElement *e)
{
        GumboTag tag = e->tag;

        if (tag == GUMBO_TAG_A)
                end_link(r);
        if (tag == GUMBO_TAG_TD || tag == GUMBO_TAG_TH || tag == GUMBO_TAG_TABLE)
                r->cell = false;
        if (tag == GUMBO_TAG_TR)
                start_row(r);
        if (is_list(tag) || tag == GUMBO_TAG_LI)
                r->marker = false;
        if (tag == GUMBO_TAG_LI)
                count_item(r);
        r->lists -= is_list(tag);
        r->quotes -= is_quote(e);
        r->signed_off = r->signed_off || is_signature(e);
        r->pres -= tag == GUMBO_TAG_PRE;
        end_block(r, tag);
        if (tag == GUMBO_TAG_TABLE)
                r->row_start = SIZE_MAX;
}

/* False if what is in it is not to be shown. */
static bool enter(struct renderer *r, const GumboNode *node)
{
        if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE || node->type == GUMBO_NODE_CDATA)
                put_text(r, node->v.text.text);
        if (node->type != GUMBO_NODE_ELEMENT)
                return false;
        if (is_hidden(&node->v.element)) {
                r->link.has_hidden = true;
                return false;
        }
        start_element(r, &node->v.element);
        return true;
}

static bool is_last(const GumboNode *node)
{
        return node->index_within_parent + 1 == node->parent->v.element.children.length;
}

static void walk(struct renderer *r, const GumboNode *root)
{
        const GumboNode *node = root;
        bool shown = enter(r, root);

        for (;;) {
                if (shown && node->v.element.children.length > 0)
                        node = node->v.element.children.data[0];
                else {
                        if (shown)
                                end_element(r, &node->v.element);
                        for (; node != root && is_last(node); end_element(r, &node->v.element))
                                node = node->parent;
                        if (node == root)
                                return;
                        node = node->parent->v.element.children.data[node->index_within_parent + 1];
                }
                shown = enter(r, node);
        }
}

static void *allocate(void *arena, size_t size)
{
        return arena_alloc(arena, size);
}

static void deallocate(void *arena, void *p)
{
        (void) arena;
        (void) p;
}

char *text_from_html(const char *html, size_t size)
{
        _cleanup_(arena_freep) struct arena *arena = arena_new_sized(TREE_SIZE);
        _cleanup_free_ char *flat = NULL;
        struct renderer r = { .out = BUFFER_INIT(SIZE_MAX), .row_start = SIZE_MAX, .delimiter = SIZE_MAX };
        GumboOptions options = kGumboDefaultOptions;

        if (!htmlguard_allows(html, size)) {
                html = flat = htmlguard_flatten(html, MIN(size, (size_t) TEXT_HTML_MAX), size > TEXT_HTML_MAX);
                size = strlen(flat);
        }
        options.allocator = allocate;
        options.deallocator = deallocate;
        options.userdata = arena;
        options.max_errors = 0;
        walk(&r, gumbo_parse_with_options(&options, html, size)->root);

        char *text = text_clean(buffer_str(&r.out), r.out.size);
        buffer_done(&r.out);

        size_t length = strlen(text), front = strspn(text, " \t\n");
        while (length > front && strchr(" \t\n", text[length - 1]))
                length--;
        memmove(text, text + front, length - front);
        text[length - front] = '\0';
        return text;
}

char *text_to_html(const char *text)
{
        static const char special_characters[] = "&<>\"'\n";
        static const char *const escapes[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&#39;", "<br>" };
        _cleanup_buffer_ struct buffer b = BUFFER_INIT(SIZE_MAX);

        while (*text) {
                size_t plain = strcspn(text, special_characters);

                (void) buffer_append(&b, text, plain);
                text += plain;
                if (*text)
                        (void) buffer_append_str(&b, escapes[strchr(special_characters, *text++) - special_characters]);
        }
        return buffer_take(&b);
}
